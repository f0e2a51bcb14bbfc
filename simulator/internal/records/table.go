package records

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/velero-locations/velero-locations/internal/boltfile"
)

// Table is records of one kind by their ids. Those that are pointers are not changed once they are there. It is not safe
// for concurrent use.
type Table[T any] struct {
	name    string
	records map[string]T
	watch   func(old, new T)
}

// Load returns a table with what the file has in it.
func Load[T any](f *File, name string) (*Table[T], error) {
	t := &Table[T]{name: name, records: map[string]T{}}
	if f == nil {
		return t, nil
	}
	err := f.db.View(func(tx *bolt.Tx) error {
		bucket := tx.Bucket([]byte(name))
		if bucket == nil {
			return nil
		}
		return bucket.ForEach(func(id, value []byte) error {
			var record T
			value, err := boltfile.Unseal(id, value)
			if err == nil {
				err = json.Unmarshal(value, &record)
			}
			if err != nil {
				return &boltfile.Damage{Path: f.db.Path(), Wrong: fmt.Sprintf("%s %q: %s", name, id, err)}
			}
			t.records[string(id)] = record
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Watch calls a function for each change that becomes visible, with what was there and what is now; the zero value is
// nothing.
func (t *Table[T]) Watch(changed func(old, new T)) { t.watch = changed }

// Get finds a record.
func (t *Table[T]) Get(id string) (T, bool) {
	record, found := t.records[id]
	return record, found
}

// All returns the records in no order.
func (t *Table[T]) All() iter.Seq[T] { return maps.Values(t.records) }

// Items returns the records with their ids, in no order.
func (t *Table[T]) Items() iter.Seq2[string, T] { return maps.All(t.records) }

// Sorted returns the records that are wanted in the order of what by makes of them; nil wants all.
func (t *Table[T]) Sorted(by func(T) string, wanted func(T) bool) []T {
	var out []T
	for _, record := range t.records {
		if wanted == nil || wanted(record) {
			out = append(out, record)
		}
	}
	slices.SortFunc(out, func(x, y T) int { return cmp.Compare(by(x), by(y)) })
	return out
}

// Put is a change that puts a record under an id, in place of what is there.
func (t *Table[T]) Put(id string, record T) Change {
	return Change{t.name, id, record, func() {
		old := t.records[id]
		t.records[id] = record
		t.changed(old, record)
	}}
}

// Delete is a change that removes a record, if it is there.
func (t *Table[T]) Delete(id string) Change {
	return Change{t.name, id, nil, func() {
		old := t.records[id]
		delete(t.records, id)
		t.changed(old, *new(T))
	}}
}

// Records returns the records by their ids.
func (t *Table[T]) Records() map[string]T { return maps.Clone(t.records) }

// Replace is the changes that put other records in the place of all that are there.
func (t *Table[T]) Replace(by map[string]T) []Change {
	changes := make([]Change, 0, len(t.records)+len(by))
	for id := range t.records {
		if _, stays := by[id]; !stays {
			changes = append(changes, t.Delete(id))
		}
	}
	for id, record := range by {
		changes = append(changes, t.Put(id, record))
	}
	return changes
}

// Clear is the changes that remove all records.
func (t *Table[T]) Clear() []Change { return t.Replace(nil) }

func (t *Table[T]) changed(old, now T) {
	if t.watch != nil {
		t.watch(old, now)
	}
}
