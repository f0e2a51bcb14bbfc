package ebs

import (
	"time"

	"github.com/google/btree"
)

// pending orders the snapshots that are not completed by the time at which they are.
type pending struct{ tree *btree.BTreeG[completion] }

type completion struct {
	at       time.Time
	sequence uint64
	place    Place
	id       string
}

func newPending() pending {
	return pending{btree.NewG(8, func(x, y completion) bool {
		if !x.at.Equal(y.at) {
			return x.at.Before(y.at)
		}
		return x.sequence < y.sequence
	})}
}

func completionOf(s *Snapshot) completion { return completion{s.Completes, s.Sequence, s.Place, s.ID} }

func (p pending) add(s *Snapshot)    { p.tree.ReplaceOrInsert(completionOf(s)) }
func (p pending) remove(s *Snapshot) { p.tree.Delete(completionOf(s)) }

func (p pending) due(now time.Time) (completion, bool) {
	first, found := p.tree.Min()
	return first, found && !first.at.After(now)
}

// settle completes the snapshots whose time has come. A completed snapshot stays completed, whatever the clock does then.
func (s *Store) settle() {
	now := s.options.Now()
	s.mu.RLock()
	_, due := s.pending.due(now)
	s.mu.RUnlock()
	if !due {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		first, due := s.pending.due(now)
		if !due {
			return
		}
		s.pending.tree.DeleteMin()
		in := s.at(first.place)
		if snapshot, found := in.snapshots.get(first.id); found {
			completed := *snapshot
			completed.Completed = true
			in.snapshots.put(&completed)
		}
	}
}
