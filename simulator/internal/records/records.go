// Package records keeps records in tables of a file: what it has accepted is there after a crash at any time.
package records

import (
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// File is an open file. A nil File keeps nothing.
type File struct{ db *bolt.DB }

// Open opens a file, which it makes where there is none. An empty path is a nil File. A file that is open already, also
// in another process, is an error.
func Open(path string) (*File, error) {
	if path == "" {
		return nil, nil
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return &File{db}, nil
}

// Close closes the file.
func (f *File) Close() error {
	if f == nil {
		return nil
	}
	return f.db.Close()
}

// Change puts a record into a table under an id, in place of what is there; a nil record removes it.
type Change struct {
	Table, ID string
	// Record is what encoding/json can write.
	Record any
}

// Write makes changes durable, all of them or none.
func (f *File) Write(changes ...Change) error {
	if f == nil || len(changes) == 0 {
		return nil
	}
	err := f.db.Update(func(tx *bolt.Tx) error {
		for _, change := range changes {
			if err := change.apply(tx); err != nil {
				return fmt.Errorf("%s of %s: %w", change.ID, change.Table, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keeping records on disk: %w", err)
	}
	return nil
}

func (c Change) apply(tx *bolt.Tx) error {
	table, err := tx.CreateBucketIfNotExists([]byte(c.Table))
	if err != nil {
		return err
	}
	if c.Record == nil {
		return table.Delete([]byte(c.ID))
	}
	value, err := json.Marshal(c.Record)
	if err != nil {
		return err
	}
	return table.Put([]byte(c.ID), value)
}

// Load returns the records of a table by their ids.
func Load[T any](f *File, table string) (map[string]T, error) {
	out := map[string]T{}
	if f == nil {
		return out, nil
	}
	err := f.db.View(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(table))
		if bucket == nil {
			return nil
		}
		return bucket.ForEach(func(id, value []byte) error {
			var record T
			if err := json.Unmarshal(value, &record); err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			out[string(id)] = record
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("loading %s from disk: %w", table, err)
	}
	return out, nil
}
