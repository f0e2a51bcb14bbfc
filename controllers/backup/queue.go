package backup

import (
	"cmp"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// queue lets backups run in the order in which they were created, so many at a time.
type queue struct {
	slots int

	mu        sync.Mutex
	running   map[types.UID]bool
	postponed map[types.UID]bool // wait for something else than their turn
	done      map[types.UID]bool // have ended here, which the cache may not know yet
}

func newQueue(slots int) *queue {
	return &queue{slots: slots, running: map[types.UID]bool{}, postponed: map[types.UID]bool{}, done: map[types.UID]bool{}}
}

// enter takes a slot for a backup and returns 0; or returns how many have to end or begin first, itself counted.
func (q *queue) enter(backup *velerov1.Backup, all []velerov1.Backup) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	position := 1
	for i := range all {
		other := &all[i]
		if other.Status.Phase.Waiting() && !q.running[other.UID] && !q.postponed[other.UID] && !q.done[other.UID] && before(other, backup) {
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

// forget drops what is remembered of backups that are no more.
func (q *queue) forget(all []velerov1.Backup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, memory := range []map[types.UID]bool{q.postponed, q.done} {
		for uid := range memory {
			if !slices.ContainsFunc(all, func(b velerov1.Backup) bool { return b.UID == uid }) {
				delete(memory, uid)
			}
		}
	}
}
