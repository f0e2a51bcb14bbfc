package faults

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/call"
)

func TestRuleAsJSON(t *testing.T) {
	for _, text := range []string{
		`{"name":"a","match":{"accounts":["1"],"accessKeys":["AKIA*"],"operations":["s3:Put*"],"regions":["eu-*"],"buckets":["b"],"prefix":"p/"},"skip":2,"times":1,"probability":0.5,"fault":{"type":"latency","delay":"1.5s"}}`,
		`{"fault":{"type":"expired"}}`,
		`{"fault":{"type":"bandwidth","bytesPerSecond":1000}}`,
		`{"fault":{"type":"error","code":"SlowDown","status":503,"message":"m"}}`,
		`{"fault":{"type":"outage","mode":"hang"}}`,
		`{"fault":{"type":"reset","at":"upload","afterBytes":5}}`,
		`{"fault":{"type":"stall","at":"upload","afterBytes":5,"for":"1m0s"}}`,
		`{"fault":{"type":"truncate","afterBytes":5}}`,
	} {
		var rule Rule
		if err := json.Unmarshal([]byte(text), &rule); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if err := rule.Validate(); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if again, err := json.Marshal(rule); err != nil || string(again) != text {
			t.Errorf("%s became %s, %v", text, again, err)
		}
	}
}

func TestRuleRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                                 "fault: there is none; its type is one of latency, bandwidth",
		`{"fault":{}}`:                       "fault: type:",
		`{"fault":{"type":"flood"}}`:         `fault: type: "flood" is not one of latency, `,
		`{"fault":{"type":"latency"}}`:       "fault.delay: it is not a positive duration",
		`{"fault":{"type":"latency","x":1}}`: `unknown field "x"`,
		`{"fault":{"type":"latency","delay":"soon"}}`:                              `"soon" is not a duration`,
		`{"fault":{"type":"expired"},"nth":1}`:                                     `unknown field "nth"`,
		`{"fault":{"type":"expired"},"match":{"bucket":"b"}}`:                      `unknown field "bucket"`,
		`{"fault":{"type":"expired"},"match":{"operations":["s3:*","PutObject"]}}`: `match.operations[1]: "PutObject"`,
		`{"fault":{"type":"expired"},"name":"A b"}`:                                `name: "A b"`,
		`{"fault":{"type":"expired"},"skip":-1}`:                                   "skip: -1",
		`{"fault":{"type":"expired"},"times":-1}`:                                  "times: -1",
		`{"fault":{"type":"expired"},"probability":1.5}`:                           "probability: 1.5",
		`{"fault":{"type":"bandwidth"}}`:                                           "fault.bytesPerSecond",
		`{"fault":{"type":"error","code":"Slow Down"}}`:                            "fault.code",
		`{"fault":{"type":"error","code":"SlowDown","status":200}}`:                "fault.status",
		`{"fault":{"type":"outage","mode":"slow"}}`:                                `fault.mode: "slow"`,
		`{"fault":{"type":"reset","at":"end"}}`:                                    `fault.at: "end"`,
		`{"fault":{"type":"reset","afterBytes":-1}}`:                               "fault.afterBytes",
		`{"fault":{"type":"stall","at":"upload"}}`:                                 "fault.for",
		`{"fault":{"type":"stall","for":"-1s"}}`:                                   "fault.for",
		`{"fault":{"type":"truncate","afterBytes":-1}}`:                            "fault.afterBytes",
	} {
		var rule Rule
		err := json.Unmarshal([]byte(text), &rule)
		if err == nil {
			_, err = NewSet(0).Add(rule)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestOperationsThatThereAreNot shows what is said of a rule about an operation that no service has.
func TestOperationsThatThereAreNot(t *testing.T) {
	set := NewSet(0, "s3:PutObject", "s3:GetObject", "ec2:CreateSnapshot")
	for operation, want := range map[string]string{
		"s3:PutObject": "", "s3:*": "", "*": "", "ec2:Create*": "", "s3:?utObject": "",
		"s3:PutObjet":  `there is no operation "s3:PutObjet": did you mean "s3:PutObject"?`,
		"s3:putobject": `there is no operation "s3:putobject": did you mean "s3:PutObject"?`,
		"s3:Delete*":   `s3 has no operation "s3:Delete*": choose one of GetObject, PutObject`,
		"gcs:Insert":   `there is no service "gcs": choose one of ec2, s3`,
	} {
		_, err := set.Add(Rule{Match: Match{Operations: []string{"s3:GetObject", operation}}, Fault: &Expired{}})
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != "invalid fault: match.operations[1]: "+want) {
			t.Errorf("%s: got %v, want %s", operation, err, want)
		}
	}
}

func TestNew(t *testing.T) {
	for _, test := range []struct {
		name       string
		parameters map[string]string
		want       Fault
	}{
		{"latency", map[string]string{"delay": "2s"}, &Latency{Delay: Duration(2 * time.Second)}},
		{"bandwidth", map[string]string{"bytesPerSecond": "100"}, &Bandwidth{BytesPerSecond: 100}},
		{"expired", nil, &Expired{}},
	} {
		if got, err := New(test.name, test.parameters); err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
	for parameter, want := range map[string]string{
		"delay=3":             `latency: 3 is not a duration such as "1m30s": give it a unit, as in "3s"`,
		"bytesPerSecond=many": "bandwidth: bytesPerSecond: string is not a whole number",
		"code=503":            "error: code: number is not text",
	} {
		name, value, _ := strings.Cut(parameter, "=")
		kind, _, _ := strings.Cut(want, ":")
		if _, err := New(kind, map[string]string{name: value}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", parameter, err, want)
		}
	}
	if _, err := New("latency", map[string]string{"until": "x"}); err == nil {
		t.Error("a parameter that is none was accepted")
	}
}

func TestMatch(t *testing.T) {
	c := call.Call{Account: "111111111111", AccessKey: "AKIA", Operation: "s3:PutObject", Region: "eu-west-1", Bucket: "velero", Key: "backups/a"}
	for _, test := range []struct {
		match Match
		want  bool
	}{
		{Match{}, true},
		{Match{Accounts: []string{"222222222222", "111111111111"}, AccessKeys: []string{"AK*"}, Operations: []string{"s3:*"}, Regions: []string{"eu-*"}, Buckets: []string{"v*"}, Prefix: "backups/"}, true},
		{Match{Accounts: []string{"222222222222"}}, false},
		{Match{AccessKeys: []string{"AKIB"}}, false},
		{Match{Operations: []string{"ec2:*"}}, false},
		{Match{Regions: []string{"us-*"}}, false},
		{Match{Buckets: []string{"other"}}, false},
		{Match{Prefix: "restores/"}, false},
	} {
		if got := test.match.Matches(c); got != test.want {
			t.Errorf("%+v: %v", test.match, got)
		}
	}
}

// harmed serves a number of calls and returns which of them were harmed, as a row of dots and crosses.
func harmed(t *testing.T, seed uint64, rule Rule, calls int) string {
	t.Helper()
	set := NewSet(seed)
	rule.Fault = Expired{}
	if _, err := set.Add(rule); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for range calls {
		_, err := set.Inject(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), call.Call{})
		out.WriteString(map[bool]string{false: ".", true: "x"}[err != nil])
	}
	if status := set.List()[0]; status.Matched != calls || status.Injected != strings.Count(out.String(), "x") {
		t.Errorf("status %+v after %s", status, out.String())
	}
	return out.String()
}

func TestWhichRequests(t *testing.T) {
	for want, rule := range map[string]Rule{
		"xxxxxx": {},
		"..xxxx": {Skip: 2},
		"xxx...": {Times: 3},
		"..x...": {Skip: 2, Times: 1},
	} {
		if got := harmed(t, 1, rule, 6); got != want {
			t.Errorf("%+v: %s, want %s", rule, got, want)
		}
	}
}

func TestSeed(t *testing.T) {
	rule := Rule{Name: "flaky", Probability: 0.3}
	first := harmed(t, 42, rule, 1000)
	if again := harmed(t, 42, rule, 1000); again != first {
		t.Error("the same seed harms other requests")
	}
	if other := harmed(t, 43, rule, 1000); other == first {
		t.Error("another seed harms the same requests")
	}
	if n := strings.Count(first, "x"); n < 200 || n > 400 {
		t.Errorf("%d of 1000 were harmed", n)
	}
}

func TestSet(t *testing.T) {
	set := NewSet(0)
	first, err := set.Add(Rule{Fault: Expired{}})
	if err != nil || first.Name == "" || set.Empty() {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := set.Add(Rule{Name: first.Name, Fault: Expired{}}); !errors.Is(err, ErrExists) {
		t.Errorf("a name was given twice: %v", err)
	}
	if _, err := set.Add(Rule{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a rule without a fault: %v", err)
	}
	if !set.Remove(first.Name) || set.Remove(first.Name) || !set.Empty() {
		t.Error("Remove should say whether the rule was there")
	}
	if _, err := set.Add(Rule{Fault: Expired{}}); err != nil {
		t.Fatal(err)
	}
	if set.Clear(); len(set.List()) > 0 || !set.Empty() {
		t.Error("there is still a rule")
	}
}

// serve answers with 1000 bytes under rules, after it read what it was sent.
func serve(t *testing.T, rules ...Fault) (url string, received func() string) {
	t.Helper()
	set := NewSet(0)
	for _, fault := range rules {
		if _, err := set.Add(Rule{Fault: fault}); err != nil {
			t.Fatal(err)
		}
	}
	bodies := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		harmed, err := set.Inject(w, r, call.Call{})
		if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
			http.Error(w, refusal.Code, refusal.Status)
			return
		}
		if err != nil {
			return
		}
		w, r = harmed.W, harmed.Request
		body, err := io.ReadAll(r.Body)
		if err != nil {
			body = append(body, " and then an error"...)
		}
		bodies <- string(body)
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, strings.Repeat("x", 1000))
	}))
	t.Cleanup(server.Close)
	return server.URL, func() string { return <-bodies }
}

func post(t *testing.T, url, body string) (status, size int, err error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	return response.StatusCode, len(data), err
}

func TestFaultsOverHTTP(t *testing.T) {
	for _, test := range []struct {
		name     string
		faults   []Fault
		status   int
		size     int
		err      error
		received string
	}{
		{"none", nil, 200, 1000, nil, "hello"},
		{"error", []Fault{Error{Code: "SlowDown"}}, 503, 9, nil, ""},
		{"error that is not known", []Fault{Error{Code: "Odd", Status: 418}}, 418, 4, nil, ""},
		{"expired", []Fault{Expired{}}, 400, 13, nil, ""},
		{"outage", []Fault{Outage{}}, 503, 19, nil, ""},
		{"outage that resets", []Fault{Outage{Mode: Resetting}}, 0, 0, syscall.ECONNRESET, ""},
		{"the first refusal counts", []Fault{Error{Code: "One"}, Error{Code: "Another"}}, 500, 4, nil, ""},
		{"reset", []Fault{Reset{}}, 0, 0, syscall.ECONNRESET, ""},
		{"reset in the upload", []Fault{Reset{At: Upload, After: 3}}, 0, 0, syscall.ECONNRESET, "hel and then an error"},
		{"reset of the answer", []Fault{Reset{At: Download}}, 0, 0, syscall.ECONNRESET, "hello"},
		{"truncated", []Fault{Truncate{After: 10}}, 200, 10, io.ErrUnexpectedEOF, "hello"},
		{"truncated before its head", []Fault{Truncate{}}, 0, 0, io.EOF, "hello"},
		{"reset in the answer and slow", []Fault{Bandwidth{BytesPerSecond: 100_000}, Truncate{After: 999}}, 200, 999, io.ErrUnexpectedEOF, "hello"},
	} {
		t.Run(test.name, func(t *testing.T) {
			url, received := serve(t, test.faults...)
			status, size, err := post(t, url, "hello")
			if status != test.status || size != test.size || !errors.Is(err, test.err) {
				t.Errorf("status %d, %d bytes, %v", status, size, err)
			}
			if test.received != "" {
				if got := received(); got != test.received {
					t.Errorf("the server received %q", got)
				}
			}
		})
	}
}

func TestSlowness(t *testing.T) {
	for name, test := range map[string]struct {
		fault Fault
		least time.Duration
	}{
		"latency":            {Latency{Delay: Duration(50 * time.Millisecond)}, 50 * time.Millisecond},
		"bandwidth":          {Bandwidth{BytesPerSecond: 10_000}, 100 * time.Millisecond},
		"stall of an upload": {Stall{At: Upload, After: 2, For: Duration(50 * time.Millisecond)}, 50 * time.Millisecond},
		"stall of an answer": {Stall{After: 500, For: Duration(50 * time.Millisecond)}, 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			url, received := serve(t, test.fault)
			start := time.Now()
			status, size, err := post(t, url, "hello")
			if took := time.Since(start); took < test.least {
				t.Errorf("it took %s only", took)
			}
			if status != 200 || size != 1000 || err != nil || received() != "hello" {
				t.Errorf("status %d, %d bytes, %v", status, size, err)
			}
		})
	}
}

// TestHanging shows that what hangs is over when the client gives up: the server can be closed.
func TestHanging(t *testing.T) {
	for name, fault := range map[string]Fault{"outage": Outage{Mode: Hanging}, "answer": Stall{After: 10}} {
		t.Run(name, func(t *testing.T) {
			url, _ := serve(t, fault)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err == nil {
				_, err = io.ReadAll(response.Body)
				_ = response.Body.Close()
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the client ended with %v", err)
			}
		})
	}
}
