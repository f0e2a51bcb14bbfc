package ebs

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// disk keeps the state in a file. What it has accepted is there after a crash at any time. A nil disk keeps nothing.
type disk struct{ db *bolt.DB }

var (
	volumesTable   = []byte("volumes")
	snapshotsTable = []byte("snapshots")
	metaTable      = []byte("meta")
	sequenceKey    = []byte("sequence")
)

func openDisk(path string) (*disk, error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("opening the volumes in %s: %w", path, err)
	}
	return &disk{db}, nil
}

func (d *disk) close() error {
	if d == nil {
		return nil
	}
	return d.db.Close()
}

// keep writes items, and the number of the last creation, together or not at all.
func keep[T item](s *Store, table []byte, items ...T) error {
	if s.disk == nil {
		return nil
	}
	err := s.disk.db.Update(func(tx *bolt.Tx) error {
		for _, one := range items {
			value, err := json.Marshal(one)
			if err != nil {
				return err
			}
			id, _ := one.key()
			if err := tx.Bucket(table).Put([]byte(id), value); err != nil {
				return err
			}
		}
		return tx.Bucket(metaTable).Put(sequenceKey, binary.BigEndian.AppendUint64(nil, s.sequence))
	})
	if err != nil {
		return fmt.Errorf("keeping %s on disk: %w", table, err)
	}
	return nil
}

func (d *disk) remove(table []byte, id string) error {
	if d == nil {
		return nil
	}
	err := d.db.Update(func(tx *bolt.Tx) error { return tx.Bucket(table).Delete([]byte(id)) })
	if err != nil {
		return fmt.Errorf("removing %s from disk: %w", id, err)
	}
	return nil
}

// load fills the store from the file.
func (d *disk) load(s *Store) error {
	now := s.options.Now()
	err := d.db.Update(func(tx *bolt.Tx) error {
		for _, table := range [][]byte{volumesTable, snapshotsTable, metaTable} {
			if _, err := tx.CreateBucketIfNotExists(table); err != nil {
				return err
			}
		}
		if sequence := tx.Bucket(metaTable).Get(sequenceKey); len(sequence) == 8 {
			s.sequence = binary.BigEndian.Uint64(sequence)
		}
		volumes, err := all[Volume](tx.Bucket(volumesTable))
		if err != nil {
			return err
		}
		for _, volume := range volumes {
			s.at(volume.Place).volumes.put(volume)
		}
		snapshots, err := all[Snapshot](tx.Bucket(snapshotsTable))
		for _, snapshot := range snapshots {
			// One that began in the future was made while the clock was ahead; there is nothing to wait for.
			snapshot.Completed = !snapshot.Completes.After(now) || snapshot.Started.After(now)
			s.showSnapshot(snapshot)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("loading volumes and snapshots: %w", err)
	}
	return nil
}

// all reads a table in the order of creations, in which shelves take it up fast.
func all[T any, P interface {
	*T
	item
}](table *bolt.Bucket) ([]P, error) {
	var out []P
	err := table.ForEach(func(id, value []byte) error {
		one := P(new(T))
		if err := json.Unmarshal(value, one); err != nil {
			return fmt.Errorf("reading %s: %w", id, err)
		}
		out = append(out, one)
		return nil
	})
	slices.SortFunc(out, bySequence)
	return out, err
}
