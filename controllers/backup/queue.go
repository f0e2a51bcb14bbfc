package backup

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// queue lets backups run in the order in which they were created, so many at a time.
type queue struct {
	slots int

	mu      sync.Mutex
	running map[types.UID]bool
	known   map[types.NamespacedName]memory
	// waiting are those that were seen to wait for their turn, in order, and seen is when that was. Not since a slot became free.
	waiting []turn
	seen    time.Time
}

// memory of a backup, as long as it is there.
type memory struct {
	uid       types.UID
	postponed bool // waits for something other than its turn
	done      bool // has ended here, which the cache may not know yet
	// interrupted is when it was found that its controller stopped.
	interrupted time.Time
}

func newQueue(slots int) *queue {
	return &queue{slots: slots, running: map[types.UID]bool{}, known: map[types.NamespacedName]memory{}}
}

// behind returns how many have to end or begin first, itself included, by what was seen a moment ago: however many wait, they are not
// compared with each other all the time. 0: it may be its turn.
func (q *queue) behind(backup *velerov1.Backup, now time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.seen.IsZero() || now.Sub(q.seen) >= again {
		return 0
	}
	ahead, _ := slices.BinarySearchFunc(q.waiting, turnOf(backup), turn.compare)
	return max(0, ahead+1+len(q.running)-q.slots)
}

// enter takes a slot for a backup and returns 0; or returns how many have to end or begin first, itself included.
func (q *queue) enter(backup *velerov1.Backup, all []velerov1.Backup, now time.Time) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting, q.seen = q.waiting[:0], now
	for i := range all {
		other := &all[i]
		waits := other.Status.Phase.Waiting() && other.DeletionTimestamp == nil
		if known := q.recall(other); waits && !q.running[other.UID] && !known.postponed && !known.done {
			q.waiting = append(q.waiting, turnOf(other))
		}
	}
	slices.SortFunc(q.waiting, turn.compare)
	ahead, _ := slices.BinarySearchFunc(q.waiting, turnOf(backup), turn.compare)
	if position := ahead + 1 + len(q.running); position > q.slots {
		return position - q.slots
	}
	q.remember(backup, func(m *memory) { m.postponed = false })
	q.running[backup.UID] = true
	q.seen = time.Time{} // it waits no more
	return 0
}

// leave gives the slot back.
func (q *queue) leave(backup *velerov1.Backup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.running, backup.UID)
	q.seen = time.Time{}
}

// postpone lets others go first until the backup comes back.
func (q *queue) postpone(backup *velerov1.Backup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remember(backup, func(m *memory) { m.postponed = true })
}

// finish notes that a backup has ended.
func (q *queue) finish(backup *velerov1.Backup) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remember(backup, func(m *memory) { m.done = true })
}

// interruptedSince returns when a backup was first found whose controller stopped.
func (q *queue) interruptedSince(backup *velerov1.Backup, now time.Time) time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remember(backup, func(m *memory) {
		if m.interrupted.IsZero() {
			m.interrupted = now
		}
	})
	return q.recall(backup).interrupted
}

// finished says whether a backup has ended here.
func (q *queue) finished(backup *velerov1.Backup) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.recall(backup).done
}

// recall returns what is known of a backup, and nothing of an earlier one of its name.
func (q *queue) recall(backup *velerov1.Backup) memory {
	if known := q.known[client.ObjectKeyFromObject(backup)]; known.uid == backup.UID {
		return known
	}
	return memory{uid: backup.UID}
}

func (q *queue) remember(backup *velerov1.Backup, change func(*memory)) {
	known := q.recall(backup)
	change(&known)
	q.known[client.ObjectKeyFromObject(backup)] = known
}

// forget drops what is remembered of a backup that is gone.
func (q *queue) forget(name types.NamespacedName) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.known, name)
}

// turn of a backup in the order of the queue.
type turn struct {
	created time.Time
	types.NamespacedName
}

func turnOf(b *velerov1.Backup) turn {
	return turn{b.CreationTimestamp.Time, client.ObjectKeyFromObject(b)}
}

func (t turn) compare(other turn) int {
	return cmp.Or(t.created.Compare(other.created), cmp.Compare(t.Namespace, other.Namespace), cmp.Compare(t.Name, other.Name))
}
