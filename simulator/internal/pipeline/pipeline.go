// Package pipeline takes a request through what all services of the cloud do alike, whatever protocol they speak: it is
// recorded, meets faults, is served or refused, and leaves a line in the log. What differs is a service's Steps.
package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/internal/datadir"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// Pipeline is what the services of a cloud share.
type Pipeline struct {
	Accounts *accounts.Directory
	// Now is the clock that signatures and expiry are checked against.
	Now func() time.Time
	// Faults are those that requests meet.
	Faults *faults.Set
	// Journal records requests.
	Journal *journal.Journal
	// Gate is closed while the cloud is changed as a whole.
	Gate Gate
}

// Steps are what a service does with one request, in this order.
type Steps interface {
	// Identify makes out who asks for what, before any of it is verified: faults strike first, and the journal tells of
	// refused requests too. What does not exist is left out of the call.
	Identify()
	// Serve answers. After an error nothing was answered.
	Serve() error
	// Refuse answers with an error, and returns the status and the code that the service has for it: 500 for what is not
	// the client's to know.
	Refuse(err error) (status int, code string)
}

// Exchange is one request and its answer.
type Exchange struct {
	*http.Request
	// W takes the answer.
	W http.ResponseWriter
	// ID is the request's id, and Now when it came, by the cloud's clock.
	ID  string
	Now time.Time
	// Call names who asks for what.
	Call call.Call

	pipeline *Pipeline
	recorder *journal.Recorder
	passage  *passage
	// small says that the body was read before the request met its faults.
	small bool
}

// software is what answers name as the server.
var software = []string{"velero-locations-simulator"}

// Begin begins to record a request, which Run must follow. The exchange has a request of its own: net/http looks at the body
// of the one it made to see whether a client still waits for leave to send it, and would wait for that body after a refusal.
func (p *Pipeline) Begin(w http.ResponseWriter, r *http.Request, id string) Exchange {
	continueEmpty(w, r)
	w.Header()["Server"] = software
	own, passage := p.Gate.enter(w, r)
	now := p.Now()
	recorder := p.Journal.Watch(w, own, now)
	return Exchange{Request: own, W: recorder, ID: id, Now: now, pipeline: p, recorder: recorder, passage: passage}
}

// continueEmpty lets a client go on that asks for leave to send a body of no bytes. HTTP lets a server leave that out, and
// net/http does; but botocore then takes the next answer on the connection for this one, and waits until a timeout.
func continueEmpty(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 && r.ProtoAtLeast(1, 1) && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		w.WriteHeader(http.StatusContinue)
	}
}

// Run takes the request through the steps, and records what became of it.
func (x *Exchange) Run(steps Steps) {
	defer x.pipeline.Gate.leave(x.passage)
	defer x.recorder.Done()
	steps.Identify()
	entry := &x.recorder.Entry
	entry.Call, entry.RequestID = x.Call, x.ID
	refused := x.meetFaults()
	err := refused
	if err == nil {
		err = steps.Serve()
	}
	if errors.Is(err, faults.ErrGone) {
		return
	}
	if err != nil {
		status, code := steps.Refuse(err)
		if entry.Status == status {
			entry.Error = code
		}
		if status == http.StatusInternalServerError && refused == nil {
			what := []any{"operation", x.Call.Operation, "region", x.Call.Region, "bucket", x.Call.Bucket, "key", x.Call.Key}
			if cure := datadir.Cure(err); cure != "" {
				what = append(what, "cure", cure)
			}
			slog.Error("Request failed", append(what, "err", err)...)
		}
	}
	if log := slog.Default(); log.Enabled(context.Background(), slog.LevelDebug) { // the arguments cost more than the rest
		log.Debug("Request", "operation", x.Call.Operation, "region", x.Call.Region, "bucket", x.Call.Bucket, "key", x.Call.Key,
			"accessKey", x.Call.AccessKey, "status", entry.Status, "code", entry.Error)
	}
}

// Break records that an answer which has begun breaks off, and why. The one who serves it returns at once: net/http closes a
// connection whose answer has not its announced length.
func (x *Exchange) Break(err error, code string) {
	x.recorder.Entry.Error = code
	slog.Error("Answer broken off", "operation", x.Call.Operation, "region", x.Call.Region, "bucket", x.Call.Bucket, "key", x.Call.Key, "err", err)
}

// Claim adds the access key that a request says it comes from to its call, and the key's account.
func (x *Exchange) Claim(accessKey string) {
	if key, found := x.AccessKey(accessKey); found {
		x.Call.AccessKey, x.Call.Account = key.ID, key.Account.ID
	}
}

// AccessKey finds an access key that is not disabled.
func (x *Exchange) AccessKey(id string) (accounts.Key, bool) { return x.pipeline.Accounts.Key(id) }
