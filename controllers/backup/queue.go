package backup

import (
	"cmp"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// queue lets backups run in the order in which they were created, so many at a time.
type queue struct {
	slots int

	mu        sync.Mutex
	running   map[types.UID]bool
	postponed map[types.UID]bool // wait for something other than their turn
	done      map[types.UID]bool // have ended here, which the cache may not know yet
	// interrupted is when those were found whose controller stopped.
	interrupted map[types.UID]time.Time
}

func newQueue(slots int) *queue {
	return &queue{
		slots: slots, running: map[types.UID]bool{}, postponed: map[types.UID]bool{}, done: map[types.UID]bool{},
		interrupted: map[types.UID]time.Time{},
	}
}

// enter takes a slot for a backup and returns 0; or returns how many have to end or begin first, itself included.
func (q *queue) enter(backup *velerov1.Backup, all []velerov1.Backup) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	position := 1
	for i := range all {
		other := &all[i]
		waits := other.Status.Phase.Waiting() && other.DeletionTimestamp == nil
		if waits && !q.running[other.UID] && !q.postponed[other.UID] && !q.done[other.UID] && before(other, backup) {
			position++
		}
	}
	if position += len(q.running); position > q.slots {
		return position - q.slots
	}
	delete(q.postponed, backup.UID)
	q.running[backup.UID] = true
	return 0
}

// leave gives the slot back.
func (q *queue) leave(backup *velerov1.Backup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.running, backup.UID)
}

// postpone lets others go first until the backup comes back.
func (q *queue) postpone(backup *velerov1.Backup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.postponed[backup.UID] = true
}

// finish notes that a backup has ended.
func (q *queue) finish(backup *velerov1.Backup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.done[backup.UID] = true
}

// interruptedSince returns when a backup was first found whose controller stopped.
func (q *queue) interruptedSince(backup *velerov1.Backup, now time.Time) time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.interrupted[backup.UID]; !known {
		q.interrupted[backup.UID] = now
	}
	return q.interrupted[backup.UID]
}

// finished says whether a backup has ended here.
func (q *queue) finished(backup *velerov1.Backup) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.done[backup.UID]
}

// before is the order of the queue.
func before(a, b *velerov1.Backup) bool {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name)) < 0
}

// forget drops what is remembered of backups that are gone.
func (q *queue) forget(all []velerov1.Backup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	there := make(map[types.UID]bool, len(all))
	for i := range all {
		there[all[i].UID] = true
	}
	maps.DeleteFunc(q.postponed, func(uid types.UID, _ bool) bool { return !there[uid] })
	maps.DeleteFunc(q.done, func(uid types.UID, _ bool) bool { return !there[uid] })
	maps.DeleteFunc(q.interrupted, func(uid types.UID, _ time.Time) bool { return !there[uid] })
}
