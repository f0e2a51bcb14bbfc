package ebs

import (
	"time"

	"github.com/google/btree"
)

// pending orders the snapshots that time changes by when it does.
type pending struct{ tree *btree.BTreeG[change] }

type change struct {
	at       time.Time
	sequence uint64
	id       string
}

func newPending() pending {
	return pending{btree.NewG(8, func(x, y change) bool {
		if !x.at.Equal(y.at) {
			return x.at.Before(y.at)
		}
		return x.sequence < y.sequence
	})}
}

// changes returns when the snapshot completes, is archived again or leaves the recycle bin, whatever is next; zero is never.
func (s *Snapshot) changes() (at time.Time) {
	switch {
	case s.Recycled != nil:
		return s.Recycled.Leaves
	case !s.Completed:
		return s.Completes
	case s.Tiering != nil:
		return s.Tiering.RestoredUntil
	}
	return time.Time{}
}

func (p pending) add(s *Snapshot) {
	if at := s.changes(); !at.IsZero() {
		p.tree.ReplaceOrInsert(change{at, s.Sequence, s.ID})
	}
}

func (p pending) remove(s *Snapshot) { p.tree.Delete(change{s.changes(), s.Sequence, s.ID}) }

func (p pending) due(now time.Time) (change, bool) {
	first, found := p.tree.Min()
	return first, found && !first.at.After(now)
}

// settle changes the snapshots whose time has come, and returns the time. A completed snapshot stays completed, whatever the
// clock does then.
func (s *Store) settle() time.Time {
	now := s.options.Now()
	s.mu.RLock()
	_, due := s.pending.due(now)
	s.mu.RUnlock()
	if !due {
		return now
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		first, due := s.pending.due(now)
		if !due {
			return now
		}
		s.pending.tree.DeleteMin()
		snapshot, found := s.snapshots.Get(first.id)
		switch {
		case !found:
		case snapshot.Recycled != nil:
			_ = s.file.Write(s.snapshots.Delete(first.id)) // one that the file keeps is out of the bin all the same
		default:
			// The file says when it completes, and until when it is restored.
			s.snapshots.Put(first.id, snapshot.changed()).Show()
		}
	}
}

// changed returns what time makes of the snapshot next.
func (s *Snapshot) changed() *Snapshot {
	out := *s
	if !out.Completed {
		out.Completed = true
		return &out
	}
	archived := *out.Tiering
	archived.Operation, archived.RestoredUntil = Archival, time.Time{}
	out.Tiering = &archived
	return &out
}
