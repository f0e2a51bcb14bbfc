package journal

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator/call"
)

func record(j *Journal, operations ...string) {
	for _, operation := range operations {
		j.Record(Entry{Call: call.Call{Operation: operation, Bucket: "b", Key: "k/" + operation}, Status: 200})
	}
}

func operations(entries []Entry) string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Operation)
	}
	return strings.Join(out, " ")
}

func TestRing(t *testing.T) {
	j := New(3)
	record(j, "a")
	if got := operations(j.Entries(Filter{})); got != "a" {
		t.Errorf("got %q", got)
	}
	record(j, "b", "c", "d", "e")
	if got := operations(j.Entries(Filter{})); got != "c d e" {
		t.Errorf("the last three are %q", got)
	}
	if got := operations(j.Entries(Filter{After: 4})); got != "e" {
		t.Errorf("after the fourth comes %q", got)
	}
	j.Clear()
	record(j, "f")
	if got := j.Entries(Filter{}); operations(got) != "f" || got[0].Sequence != 6 {
		t.Errorf("after clearing: %+v", got)
	}
}

func TestFilter(t *testing.T) {
	e := Entry{Sequence: 7, Call: call.Call{Account: "1", AccessKey: "A", Operation: "s3:PutObject", Region: "r", Bucket: "b", Key: "k/x"}, Error: "NoSuchKey", Status: 404}
	if (Filter{Error: "*"}).Matches(Entry{Sequence: 1}) {
		t.Error("a request without an error matches any error")
	}
	for _, test := range []struct {
		filter Filter
		want   bool
	}{
		{Filter{}, true},
		{Filter{Account: "1", AccessKey: "A", Operation: "s3:Put*", Region: "r", Bucket: "?", Prefix: "k/", Error: "*", After: 6}, true},
		{Filter{Account: "2"}, false},
		{Filter{AccessKey: "B"}, false},
		{Filter{Operation: "s3:Get*"}, false},
		{Filter{Region: "q"}, false},
		{Filter{Bucket: "c"}, false},
		{Filter{Prefix: "k/x/"}, false},
		{Filter{Error: "AccessDenied"}, false},
		{Filter{Status: "4??"}, true},
		{Filter{Status: "5??"}, false},
		{Filter{After: 7}, false},
	} {
		if got := test.filter.Matches(e); got != test.want {
			t.Errorf("%+v: %v", test.filter, got)
		}
	}
}

func TestFollow(t *testing.T) {
	j := New(100)
	record(j, "old")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got []string
	for e := range j.Follow(ctx, Filter{After: 1000}) { // of the journal of a program that was started again
		got = append(got, e.Operation)
		switch e.Operation {
		case "old":
			record(j, "one", "two")
		case "two":
			go record(j, "three")
		case "three":
			cancel()
		}
	}
	if want := "old one two three"; strings.Join(got, " ") != want {
		t.Errorf("got %q", got)
	}
}

// TestFollowUnderLoad shows that a follower misses nothing and sees nothing twice.
func TestFollowUnderLoad(t *testing.T) {
	const writers, each = 8, 200
	j := New(writers * each)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range each {
				record(j, "x")
			}
		})
	}
	next := uint64(1)
	for e := range j.Follow(ctx, Filter{}) {
		if e.Sequence != next {
			t.Fatalf("entry %d came for %d", e.Sequence, next)
		}
		if next++; e.Sequence == writers*each {
			break
		}
	}
	group.Wait()
}

func TestWatch(t *testing.T) {
	j := New(10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := j.Watch(w, r, time.Unix(1000, 0))
		defer recorder.Done()
		recorder.Entry.Operation, recorder.Entry.Faults = "s3:PutObject", []string{"slow"}
		_, _ = io.Copy(io.Discard, r.Body)
		recorder.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(recorder, "answer")
	}))
	t.Cleanup(server.Close)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL, strings.NewReader("request"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	for e := range j.Follow(t.Context(), Filter{}) { // the answer may be there before the entry
		if e.BytesIn != 7 || e.BytesOut != 6 || e.Status != 202 || !e.Time.Equal(time.Unix(1000, 0)) || e.Seconds <= 0 {
			t.Errorf("%+v", e)
		}
		break
	}
	page := httptest.NewRecorder()
	j.Metrics().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`velero_locations_simulator_requests_total{code="202",error="",operation="s3:PutObject",region=""} 1`,
		`velero_locations_simulator_received_bytes_total{operation="s3:PutObject"} 7`,
		`velero_locations_simulator_sent_bytes_total{operation="s3:PutObject"} 6`,
		`velero_locations_simulator_request_duration_seconds_count{operation="s3:PutObject"} 1`,
		`velero_locations_simulator_faults_injected_total{fault="slow"} 1`,
	} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("the metrics lack %s:\n%s", want, page.Body)
		}
	}
}
