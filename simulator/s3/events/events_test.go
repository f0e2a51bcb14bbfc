package events

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

// TestQueueIsBounded has a webhook that does not answer while more messages come than its queue holds: nobody waits for it, all are kept to
// be looked at, the first ones arrive in order, and the last are lost to the webhook.
func TestQueueIsBounded(t *testing.T) {
	const beyond = 10
	received, answer := make(chan string, queued+beyond), make(chan struct{})
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var content Content
		if err := json.NewDecoder(r.Body).Decode(&content); err != nil {
			t.Error(err)
		}
		received <- content.RequestID
		select {
		case <-answer:
		case <-r.Context().Done(): // the bus was closed
		}
	}))
	defer hook.Close()
	const arn = "arn:aws:sqs:us-east-1:111111111111:queue"
	bus := Start([]Destination{{ARN: arn, Webhook: hook.URL}})
	defer bus.Close()
	bus.Send(arn, Content{RequestID: "0"})
	next := func() string {
		t.Helper()
		select {
		case id := <-received:
			return id
		case <-time.After(30 * time.Second):
			t.Fatal("nothing came")
			return ""
		}
	}
	if got := next(); got != "0" {
		t.Fatalf("%q came first", got)
	}
	for i := range queued + beyond { // while the webhook has the first
		bus.Send(arn, Content{RequestID: strconv.Itoa(i + 1)})
	}
	if all := bus.Messages(0, 0); len(all) != 1+queued+beyond {
		t.Errorf("%d messages are kept", len(all))
	}
	close(answer)
	for i := range queued {
		if got := next(); got != strconv.Itoa(i+1) {
			t.Fatalf("%q came, want %d", got, i+1)
		}
	}
	bus.Send(arn, Content{RequestID: "last"})
	if got := next(); got != "last" {
		t.Errorf("%q came after the queue was full: it was to be lost", got)
	}
}
