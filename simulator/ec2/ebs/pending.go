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

func completionOf(s *Snapshot) completion { return completion{s.Completes, s.Sequence, s.ID} }

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
		if snapshot, found := s.snapshots.Get(first.id); found {
			completed := *snapshot
			completed.Completed = true
			s.snapshots.Put(first.id, &completed).Show() // the file says when it completes
		}
	}
}
