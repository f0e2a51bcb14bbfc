package store

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/velero-locations/velero-locations/simulator/s3/lifecycle"
)

// lifecycleRuns are the times at which the rules of all buckets are applied.
type lifecycleRuns struct {
	mu   sync.Mutex
	last atomic.Pointer[time.Time]
}

// due says whether a midnight has passed since the last run, or the clock went back.
func (r *lifecycleRuns) due(now time.Time) bool {
	last := r.last.Load()
	return last == nil || now.Before(*last) || !now.Before(lifecycle.NextMidnight(*last))
}

// KeepLifecycle applies the rules of all buckets if a midnight has passed since that was done, and tells of restores. What fails is logged, and tried again
// after the next midnight: a disk that is full must not keep anybody from reading.
func (s *Store) KeepLifecycle(now time.Time) {
	s.tellRestores(now)
	if !s.lifecycle.due(now) {
		return
	}
	s.lifecycle.mu.Lock()
	defer s.lifecycle.mu.Unlock()
	if !s.lifecycle.due(now) { // by now, since another request came first
		return
	}
	if err := s.applyLifecycle(now); err != nil {
		slog.Error("Lifecycle rules could not be applied", "err", err)
	}
}

// ApplyLifecycle applies the rules of all buckets to what is due by now. What was due at several times is done in their order, and as
// if it had been done then, so that it makes no difference how far a clock is moved at once.
func (s *Store) ApplyLifecycle() error {
	now := s.now()
	s.tellRestores(now)
	s.lifecycle.mu.Lock()
	defer s.lifecycle.mu.Unlock()
	return s.applyLifecycle(now)
}

func (s *Store) applyLifecycle(now time.Time) error {
	var last time.Time
	if before := s.lifecycle.last.Swap(&now); before != nil {
		last = *before
	}
	var errs []error
	for _, bucket := range s.selectBuckets(func(BucketInfo) bool { return true }) {
		rules := bucket.Settings().Lifecycle
		if len(rules.Rules) > 0 {
			if err := (&lifecycleRun{bucket, &rules, rules.From(last, now), now}).apply(); err != nil {
				errs = append(errs, fmt.Errorf("applying the lifecycle rules of bucket %s: %w", bucket.info.Name, err))
			}
		}
		if err := bucket.applyTiering(now); err != nil { // which no rule looks at
			errs = append(errs, fmt.Errorf("archiving objects of bucket %s that nobody reads: %w", bucket.info.Name, err))
		}
	}
	return errors.Join(errs...)
}

// lifecycleRun applies the rules of a bucket.
type lifecycleRun struct {
	bucket *Bucket
	rules  *lifecycle.Configuration
	// from is when what was due before is done.
	from, now time.Time
}

// changesTogether is how many keys are changed at a time, so that their changes reach the disk together.
const changesTogether = 64

func (r *lifecycleRun) apply() error {
	group := errgroup.Group{}
	group.SetLimit(changesTogether)
	r.bucket.objects().Ascend(func(e entry) bool {
		if step := r.next(e.latest, r.from); step.object != nil {
			group.Go(func() error { return r.applyTo(e.key) })
		}
		return true
	})
	err := group.Wait()
	for _, upload := range r.bucket.Uploads("") {
		if at, _ := r.rules.Aborts(upload.Key, upload.Initiated); !at.IsZero() && !at.After(r.now) {
			err = errors.Join(err, r.abort(upload))
		}
	}
	return err
}

// abort aborts an upload, unless it has ended meanwhile.
func (r *lifecycleRun) abort(upload UploadInfo) error {
	if err := r.bucket.Abort(upload.Key, upload.ID); err != nil && !errors.Is(err, ErrNoSuchUpload) {
		return err
	}
	return nil
}

// step is an action on a version.
type step struct {
	lifecycle.Action
	object *Object
}

// applyTo takes a key through all that is due, in its order.
func (r *lifecycleRun) applyTo(key string) error {
	b := r.bucket
	defer b.lockKey(key)()
	for from := r.from; !b.gone; {
		latest := b.latest(key)
		step := r.next(latest, from)
		if step.object == nil {
			break
		}
		if err := b.take(step, latest); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		from = step.At
	}
	return nil
}

// next is the first step on one of a key's versions that is due; its object is nil for none.
func (r *lifecycleRun) next(latest *Object, from time.Time) step {
	var first step
	version, newer := latest, latest
	for number := -1; version != nil; number++ {
		about := version.forLifecycle()
		about.Alone = version == latest && version.older == nil
		if version != latest {
			about.Replaced, about.Newer = newer.Modified, number
		}
		action := r.rules.Next(&about, from)
		if !action.At.IsZero() && !action.At.After(r.now) && (first.object == nil || action.At.Before(first.At)) {
			first = step{action, version}
		}
		version, newer = version.older, version
	}
	return first
}

// forLifecycle is what rules look at, apart from other versions.
func (o *Object) forLifecycle() lifecycle.Version {
	return lifecycle.Version{
		Key: o.Key, Size: o.Size, Tags: o.Tags, Class: o.StorageClass(), Created: o.Modified, DeleteMarker: o.DeleteMarker,
		Held: o.LegalHold, Retained: o.Retention.Until,
	}
}

// take does a step, and tells of it; it needs the lock of the key.
func (b *Bucket) take(s step, latest *Object) error {
	event, err := b.do(s, latest)
	if err == nil && b.store.options.Lifecycle != nil {
		b.store.options.Lifecycle(b, event, s.object, s.At)
	}
	return err
}

func (b *Bucket) do(s step, latest *Object) (event string, err error) {
	switch {
	case s.Class != "":
		moved := *s.object
		moved.Headers = maps.Clone(moved.Headers)
		if moved.Headers == nil {
			moved.Headers = map[string]string{}
		}
		moved.Headers[StorageClassHeader], moved.Restore, moved.Tiering = s.Class, Restore{}, Tiering{Accessed: s.At}
		return "s3:LifecycleTransition", b.replace(s.object, &moved)
	case s.object == latest && !latest.DeleteMarker && b.Settings().Versioning != "":
		return "s3:LifecycleExpiration:DeleteMarkerCreated", b.commit(&Object{Key: latest.Key, DeleteMarker: true, Modified: s.At}, Conditions{}, "")
	}
	return "s3:LifecycleExpiration:Delete", b.erase(s.object)
}

// Expires is when an object expires that is the current version, and by which rule of the bucket; a time of zero is never.
func (b *Bucket) Expires(o *Object) (at time.Time, rule string) {
	rules := b.Settings().Lifecycle
	if len(rules.Rules) == 0 || o.DeleteMarker {
		return at, rule
	}
	about := o.forLifecycle()
	return rules.Expires(&about)
}
