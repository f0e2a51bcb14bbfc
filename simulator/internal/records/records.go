// Package records keeps tables of records, in memory and in a file: a change is durable first, and then visible, so that
// what was seen is there after a crash at any time.
package records

import (
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/velero-locations/velero-locations/internal/boltfile"
)

// File is an open file. A nil File keeps nothing: its tables are in memory only.
type File struct{ db *bolt.DB }

// Open opens a file, which it makes where there is none. An empty path is a nil File. A file that is open already, also
// in another process, is an error, and so is one that is damaged.
func Open(path string) (*File, error) {
	if path == "" {
		return nil, nil
	}
	db, err := boltfile.Open(path)
	if err != nil {
		return nil, err
	}
	return &File{db}, nil
}

// OpenToRead opens a file without changing it.
func OpenToRead(path string) (*File, error) {
	db, err := boltfile.OpenToRead(path)
	if err != nil {
		return nil, err
	}
	return &File{db}, nil
}

// Tables returns the names of the tables in the file.
func (f *File) Tables() ([]string, error) {
	var names []string
	err := f.db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
			names = append(names, string(name))
			return nil
		})
	})
	return names, err
}

// Close closes the file.
func (f *File) Close() error {
	if f == nil {
		return nil
	}
	return f.db.Close()
}

// Change changes one record of a table, when Write makes it.
type Change struct {
	table, id string
	record    any // what encoding/json can write; nil removes what is there
	show      func()
}

// Show makes the change visible without making it durable, for what a restart finds out by itself.
func (c Change) Show() { c.show() }

// Write makes changes durable, all of them or none, and then visible.
func (f *File) Write(changes ...Change) error {
	if err := f.keep(changes); err != nil {
		return fmt.Errorf("keeping records on disk: %w", err)
	}
	for _, change := range changes {
		change.show()
	}
	return nil
}

func (f *File) keep(changes []Change) error {
	if f == nil || len(changes) == 0 {
		return nil
	}
	return f.db.Update(func(tx *bolt.Tx) error {
		for _, change := range changes {
			if err := change.keep(tx); err != nil {
				return fmt.Errorf("%s of %s: %w", change.id, change.table, err)
			}
		}
		return nil
	})
}

func (c Change) keep(tx *bolt.Tx) error {
	table, err := tx.CreateBucketIfNotExists([]byte(c.table))
	if err != nil {
		return err
	}
	if c.record == nil {
		return table.Delete([]byte(c.id))
	}
	value, err := json.Marshal(c.record)
	if err != nil {
		return err
	}
	return table.Put([]byte(c.id), boltfile.Seal([]byte(c.id), value))
}
