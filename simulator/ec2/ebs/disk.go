package ebs

import (
	"fmt"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/internal/records"
)

// lastCreation is the counter that numbers creations.
const lastCreation = "sequence"

// create makes what is created durable, together with the number of the last creation, and then visible.
func (s *Store) create(created ...records.Change) error {
	return s.file.Write(append(created, s.counters.Put(lastCreation, s.sequence))...)
}

// Clear deletes all volumes and snapshots. Creations are counted from 1 again, so that a seed gives the same ids.
func (s *Store) Clear() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := slices.Concat(s.volumes.Clear(), s.snapshots.Clear(), s.counters.Clear())
	if err := s.file.Write(changes...); err != nil {
		return fmt.Errorf("volumes and snapshots: %w", err)
	}
	s.sequence = 0
	return nil
}

// load fills the store from the file. What the file says was created counts also where it has no counter.
func (s *Store) load() (err error) {
	if s.counters, err = records.Load[uint64](s.file, "counters"); err != nil {
		return err
	}
	if s.volumes, err = records.Load[*Volume](s.file, "volumes"); err != nil {
		return err
	}
	if s.snapshots, err = records.Load[*Snapshot](s.file, "snapshots"); err != nil {
		return err
	}
	s.sequence, _ = s.counters.Get(lastCreation)
	// In the order of creations, in which indexes are filled fastest.
	for _, volume := range slices.SortedFunc(s.volumes.All(), bySequence) {
		s.showVolume(nil, volume)
		s.sequence = max(s.sequence, volume.Sequence)
	}
	now := s.options.Now()
	for _, snapshot := range slices.SortedFunc(s.snapshots.All(), bySequence) {
		snapshot.complete(now)
		s.showSnapshot(nil, snapshot)
		s.sequence = max(s.sequence, snapshot.Sequence)
	}
	s.volumes.Watch(s.showVolume)
	s.snapshots.Watch(s.showSnapshot)
	return nil
}

// showVolume lets a volume be found in the place of another; nil is none.
func (s *Store) showVolume(old, now *Volume) {
	if old != nil {
		s.at(old.Place).volumes.remove(old)
	}
	if now != nil {
		s.at(now.Place).volumes.add(now)
	}
}

// showSnapshot lets a snapshot be found in the place of another, by all that see it, and be changed in time; nil is none.
func (s *Store) showSnapshot(old, now *Snapshot) {
	if old != nil {
		for place, view := range old.views() {
			s.at(place).snapshots.remove(view)
		}
		s.pending.remove(old)
	}
	if now != nil {
		for place, view := range now.views() {
			s.at(place).snapshots.add(view)
		}
		s.pending.add(now)
	}
}
