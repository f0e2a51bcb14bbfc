package ebs

import (
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/records"
)

// Recycled says since when a deleted snapshot is in the recycle bin, and until when it can be restored.
type Recycled struct {
	Entered time.Time `json:"entered"`
	Leaves  time.Time `json:"leaves"`
}

// discard puts a snapshot into the recycle bin, or deletes it where there is none.
func (s *Store) discard(snapshot *Snapshot, now time.Time) records.Change {
	if s.options.SnapshotRetention <= 0 {
		return s.snapshots.Delete(snapshot.ID)
	}
	recycled := *snapshot
	recycled.Recycled = &Recycled{now.UTC(), now.UTC().Add(s.options.SnapshotRetention)}
	return s.snapshots.Put(snapshot.ID, &recycled)
}

// RecycledSnapshots returns the snapshots that a query picks of a place's recycle bin, oldest first, and whether there are
// more. It looks at all snapshots.
func (s *Store) RecycledSnapshots(place Place, query Query) (out []*Snapshot, more bool, err error) {
	now := s.settle()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(query.IDs) > 0 {
		out, err = byIDs(query, func(id string) (*Snapshot, bool) { return s.recycled(place, id, now) }, noSuchSnapshot)
		return out, false, err
	}
	for snapshot := range s.snapshots.All() {
		if _, found := s.recycled(place, snapshot.ID, now); found && snapshot.Sequence > query.After {
			out = append(out, snapshot)
		}
	}
	slices.SortFunc(out, bySequence)
	if query.Limit > 0 && len(out) > query.Limit {
		return out[:query.Limit], true, nil
	}
	return out, false, nil
}

// RestoreRecycled takes a snapshot out of the recycle bin: it is again what it was.
func (s *Store) RestoreRecycled(place Place, id string) (*Snapshot, error) {
	now := s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	recycled, found := s.recycled(place, id, now)
	if !found {
		return nil, noSuchSnapshot(id)
	}
	restored := *recycled
	restored.Recycled = nil
	return &restored, s.file.Write(s.snapshots.Put(id, &restored))
}

// recycled finds a snapshot in a place's recycle bin, with s.mu held.
func (s *Store) recycled(place Place, id string, now time.Time) (*Snapshot, bool) {
	snapshot, found := s.snapshots.Get(id)
	return snapshot, found && snapshot.Place == place && snapshot.Recycled != nil && snapshot.Recycled.Leaves.After(now)
}
