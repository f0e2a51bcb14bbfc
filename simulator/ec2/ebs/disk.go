package ebs

import (
	"maps"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/internal/records"
)

// Tables of the file, and the record that numbers creations.
const (
	volumesTable   = "volumes"
	snapshotsTable = "snapshots"
	countersTable  = "counters"
	sequenceRecord = "sequence"
)

// keep writes items, and the number of the last creation, together or not at all.
func keep[T item](s *Store, table string, items ...T) error {
	changes := []records.Change{{Table: countersTable, ID: sequenceRecord, Record: s.sequence}}
	for _, one := range items {
		id, _ := one.key()
		changes = append(changes, records.Change{Table: table, ID: id, Record: one})
	}
	return s.file.Write(changes...)
}

// load fills the store from the file.
func (s *Store) load() error {
	counters, err := records.Load[uint64](s.file, countersTable)
	if err != nil {
		return err
	}
	s.sequence = counters[sequenceRecord]
	volumes, err := inOrder[*Volume](s, volumesTable)
	if err != nil {
		return err
	}
	for _, volume := range volumes {
		s.at(volume.Place).volumes.put(volume)
	}
	now := s.options.Now()
	snapshots, err := inOrder[*Snapshot](s, snapshotsTable)
	for _, snapshot := range snapshots {
		// One that began in the future was made while the clock was ahead; there is nothing to wait for.
		snapshot.Completed = !snapshot.Completes.After(now) || snapshot.Started.After(now)
		s.showSnapshot(snapshot)
	}
	return err
}

// inOrder reads a table in the order of creations, in which shelves take it up fast. What a file says was created counts
// also where it has no counter.
func inOrder[T item](s *Store, table string) ([]T, error) {
	all, err := records.Load[T](s.file, table)
	out := slices.SortedFunc(maps.Values(all), bySequence)
	if len(out) > 0 {
		_, last := out[len(out)-1].key()
		s.sequence = max(s.sequence, last)
	}
	return out, err
}
