package pipeline

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// echo is a service that answers with the body, or refuses a body that begins with "refuse".
type echo struct {
	Exchange
	body  []byte
	err   error
	steps []string
}

func (e *echo) Identify() {
	e.steps = append(e.steps, "identify")
	e.body, e.err = e.ReadBody(10)
	e.Claim("AKIA")
	e.Call.Operation = "echo:Say"
}

func (e *echo) Serve() error {
	e.steps = append(e.steps, "serve")
	if e.err != nil {
		return e.err
	}
	if strings.HasPrefix(string(e.body), "refuse") {
		return errors.New("it says so")
	}
	_, err := e.W.Write(e.body)
	return err
}

func (e *echo) Refuse(err error) (status int, code string) {
	e.steps = append(e.steps, "refuse")
	status, code = http.StatusTeapot, "Teapot"
	if fault := (*faults.Refusal)(nil); errors.As(err, &fault) {
		status, code = fault.Status, fault.Code
	}
	e.W.WriteHeader(status)
	return status, code
}

func newPipeline(t *testing.T) *Pipeline {
	t.Helper()
	directory := accounts.NewDirectory()
	if err := errors.Join(directory.AddAccount(accounts.Account{ID: "111111111111"}), directory.AddKey("111111111111", "AKIA", "secret")); err != nil {
		t.Fatal(err)
	}
	return &Pipeline{Accounts: directory, Now: time.Now, Faults: faults.NewSet(0), Journal: journal.New(10)}
}

func (p *Pipeline) say(t *testing.T, body string) (*httptest.ResponseRecorder, []string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	e := &echo{Exchange: p.Begin(w, r, "id")}
	e.Run(e)
	return w, e.steps
}

func TestRun(t *testing.T) {
	for _, test := range []struct {
		name, body string
		fault      faults.Fault
		status     int
		steps      []string
		entry      string
	}{
		{"served", "hello", nil, 200, []string{"identify", "serve"}, "200  5 5"},
		{"refused", "refuse it", nil, 418, []string{"identify", "serve", "refuse"}, "418 Teapot 9 0"},
		{"too long", "much too long", nil, 418, []string{"identify", "serve", "refuse"}, "418 Teapot 11 0"},
		{"fault", "hello", &faults.Error{Code: "SlowDown"}, 503, []string{"identify", "refuse"}, "503 SlowDown 5 0"},
		{"slow upload", "hello", &faults.Stall{At: faults.Upload, For: faults.Duration(time.Millisecond)}, 200, []string{"identify", "serve"}, "200  5 5"},
		{"no answer", "hello", &faults.Reset{At: faults.Upload}, 200, []string{"identify"}, "0  5 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPipeline(t)
			if test.fault != nil {
				if _, err := p.Faults.Add(faults.Rule{Fault: test.fault}); err != nil {
					t.Fatal(err)
				}
			}
			w, steps := p.say(t, test.body)
			if w.Code != test.status || !slices.Equal(steps, test.steps) || w.Header().Get("Server") == "" {
				t.Errorf("%d after %v, want %d after %v", w.Code, steps, test.status, test.steps)
			}
			entries := p.Journal.Entries(journal.Filter{})
			if len(entries) != 1 {
				t.Fatalf("%d entries", len(entries))
			}
			e := entries[0]
			if got := fmt.Sprint(e.Status, " ", e.Error, " ", e.BytesIn, " ", e.BytesOut); got != test.entry {
				t.Errorf("the journal has %q, want %q", got, test.entry)
			}
			if e.RequestID != "id" || e.AccessKey != "AKIA" || e.Account != "111111111111" || e.Operation != "echo:Say" || (len(e.Faults) > 0) != (test.fault != nil) {
				t.Errorf("the journal has %+v", e)
			}
		})
	}
}
