// Package records keeps tables of records, in memory and in a file: a change is durable first, and then visible, so that
// what was seen is there after a crash at any time.
package records

import (
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// File is an open file. A nil File keeps nothing: its tables are in memory only.
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
	return table.Put([]byte(c.id), value)
}
