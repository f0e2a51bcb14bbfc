// Package journal remembers the last requests to a cloud: who asked for what, and what came of it. It holds neither
// secrets nor signatures nor bodies.
package journal

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/internal/ring"
)

// DefaultSize is how many entries a journal keeps unless it is told otherwise.
const DefaultSize = 10_000

// Entry is one request, recorded when it was over.
type Entry struct {
	// Sequence counts requests from 1 on.
	Sequence uint64 `json:"sequence" doc:"Number of the entry, from 1 on."`
	// Time is when the request came, by the cloud's clock.
	Time      time.Time `json:"time" doc:"When the request came, by the simulator's clock."`
	RequestID string    `json:"requestID,omitempty" doc:"Request id that the client was told."`
	call.Call
	// Status is the HTTP status, or 0 when the request got no answer.
	Status int `json:"status" doc:"HTTP status; 0: there was no answer."`
	// Error is the code that was answered, such as NoSuchKey.
	Error string `json:"error,omitempty" doc:"Error code that was answered."`
	// BytesIn and BytesOut are the lengths of the bodies, as far as they were transferred.
	BytesIn  int64 `json:"bytesIn" doc:"Bytes of the request's body that were read."`
	BytesOut int64 `json:"bytesOut" doc:"Bytes of the answer's body that were written."`
	// Seconds is how long the request took, by the machine's clock.
	Seconds float64 `json:"seconds" doc:"How long the request took."`
	// Faults are the names of the rules that harmed the request.
	Faults []string `json:"faults,omitempty" doc:"Names of the faults that harmed the request."`
}

// Filter picks entries. What it leaves out matches all; * and ? are wild, but do not match what an entry lacks.
type Filter struct {
	Account, AccessKey, Operation, Region, Bucket, Resource string
	// Prefix is what keys begin with.
	Prefix string
	// Error is an error code, and Status the status code of HTTP.
	Error, Status string
	// After is the sequence number before the first entry wanted.
	After uint64
}

// Matches says whether the filter picks an entry.
func (f Filter) Matches(e Entry) bool {
	for _, field := range [][2]string{
		{f.Account, e.Account},
		{f.AccessKey, e.AccessKey},
		{f.Operation, e.Operation},
		{f.Region, e.Region},
		{f.Bucket, e.Bucket},
		{f.Resource, e.Resource},
		{f.Error, e.Error},
	} {
		if field[0] != "" && (field[1] == "" || !call.Matches(field[0], field[1])) {
			return false
		}
	}
	if f.Status != "" && !call.Matches(f.Status, strconv.Itoa(e.Status)) {
		return false
	}
	return e.Sequence > f.After && len(e.Key) >= len(f.Prefix) && e.Key[:len(f.Prefix)] == f.Prefix
}

// Journal keeps a bounded number of entries; the oldest go first. It is safe for concurrent use.
type Journal struct {
	metrics *metrics
	ring    *ring.Ring[Entry]
}

// New returns a journal that keeps so many entries.
func New(size int) *Journal {
	if size < 1 {
		size = DefaultSize
	}
	return &Journal{metrics: newMetrics(), ring: ring.New[Entry](size)}
}

// Record adds an entry, numbers it, and counts it in the metrics.
func (j *Journal) Record(e Entry) {
	j.metrics.observe(e)
	j.ring.Add(func(sequence uint64) Entry {
		e.Sequence = sequence
		return e
	})
}

// Clear forgets all entries. Numbers go on, and so do the metrics.
func (j *Journal) Clear() { j.ring.Clear() }

// Entries returns the entries that the filter picks, oldest first.
func (j *Journal) Entries(filter Filter) []Entry { return j.ring.Items(filter.After, filter.Matches) }

// Follow yields the entries that the filter picks, and then each new one as it comes, until the context is done. A
// reader that is slower than requests come misses those that the journal no longer keeps.
func (j *Journal) Follow(ctx context.Context, filter Filter) iter.Seq[Entry] {
	after := filter.After
	filter.After = 0 // the ring knows better what is after it
	return j.ring.Follow(ctx, after, filter.Matches)
}
