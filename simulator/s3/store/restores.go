package store

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The events of copies of archived objects, as S3 names them.
const (
	RestoreCompleted = "s3:ObjectRestore:Completed"
	RestoreDelete    = "s3:ObjectRestore:Delete"
)

// restoreRuns are the times at which buckets are told what became of copies of archived objects.
type restoreRuns struct {
	// next is when there is something to tell, in nanoseconds since 1970; 0 is not known.
	next atomic.Int64
	mu   sync.Mutex
	last time.Time // guarded by mu
}

// again has the next run look at all objects: something begins to be restored, or to be told of.
func (r *restoreRuns) again(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next.Store(0)
	if now.Before(r.last) { // the clock went back
		r.last = now
	}
}

// restoreEnd is that a copy is there, or gone again.
type restoreEnd struct {
	bucket *Bucket
	event  string
	object *Object
	at     time.Time
}

// tellRestores tells of copies that are there, or gone again, since the last time, in the order of these times. What happened before the
// first time is not told.
func (s *Store) tellRestores(now time.Time) {
	r := &s.restores
	if s.options.Lifecycle == nil || now.UnixNano() < r.next.Load() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last.IsZero() || now.Before(r.last) {
		r.last = now
	}
	next := int64(math.MaxInt64)
	var due []restoreEnd
	for _, bucket := range s.Buckets() {
		for _, end := range bucket.restoreEnds() {
			switch {
			case end.at.After(now):
				next = min(next, end.at.UnixNano())
			case end.at.After(r.last):
				due = append(due, end)
			}
		}
	}
	slices.SortStableFunc(due, func(x, y restoreEnd) int { return x.at.Compare(y.at) })
	for _, end := range due {
		s.options.Lifecycle(end.bucket, end.event, end.object, end.at)
	}
	r.last = now
	r.next.Store(next)
}

// restoreEnds are those of all versions in the bucket, if it is to be told of any.
func (b *Bucket) restoreEnds() []restoreEnd {
	told := slices.ContainsFunc(b.Settings().Notifications, func(n Notification) bool { return n.names(RestoreCompleted) || n.names(RestoreDelete) })
	if !told {
		return nil
	}
	var out []restoreEnd
	b.objects().Ascend(func(e entry) bool {
		for o := e.latest; o != nil; o = o.older {
			if !o.Restore.Ready.IsZero() {
				out = append(out, restoreEnd{b, RestoreCompleted, o, o.Restore.Ready})
			}
			if !o.Restore.Until.IsZero() {
				out = append(out, restoreEnd{b, RestoreDelete, o, o.Restore.Until})
			}
		}
		return true
	})
	return out
}
