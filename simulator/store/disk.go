package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	bolt "go.etcd.io/bbolt"
)

// disk keeps the state in a directory: an index in bbolt, and a file for each content. A file is complete and on disk
// before the index names it, and is removed after the index forgot it, so that a crash at any time leaves at most files
// that nothing names; they are removed at the next start.
type disk struct {
	dir  string
	lock *flock.Flock
	db   *bolt.DB
}

var (
	_ journal = (*disk)(nil)
	_ blobs   = (*disk)(nil)

	bucketsTable = []byte("buckets")
	objectsTable = []byte("objects")
)

func openDisk(dir string) (*disk, error) {
	d := &disk{dir: dir}
	if err := os.MkdirAll(d.blobDir(), 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	d.lock = flock.New(filepath.Join(dir, "lock"))
	locked, err := d.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking data directory %s: %w", dir, err)
	}
	if !locked {
		return nil, fmt.Errorf("data directory %s is in use by another simulator", dir)
	}
	if d.db, err = bolt.Open(filepath.Join(dir, "index.db"), 0o600, &bolt.Options{Timeout: time.Second}); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the index in %s: %w", dir, err), d.lock.Unlock())
	}
	return d, nil
}

func (d *disk) blobDir() string { return filepath.Join(d.dir, "content") }

func (d *disk) close() error {
	return errors.Join(d.db.Close(), d.lock.Close())
}

// load fills the store from the index and removes content that nothing names.
func (d *disk) load(s *Store) error {
	named := map[string]bool{}
	err := d.db.Update(func(tx *bolt.Tx) error {
		buckets, err := tx.CreateBucketIfNotExists(bucketsTable)
		if err != nil {
			return err
		}
		objects, err := tx.CreateBucketIfNotExists(objectsTable)
		if err != nil {
			return err
		}
		return buckets.ForEach(func(id, value []byte) error {
			var info BucketInfo
			if err := json.Unmarshal(value, &info); err != nil {
				return fmt.Errorf("reading bucket %s: %w", id, err)
			}
			bucket := newBucket(s, info)
			s.buckets[bucketID{info.Region, info.Name}] = bucket
			return d.loadObjects(bucket, objects.Bucket(id), named)
		})
	})
	if err != nil {
		return fmt.Errorf("loading the index of %s: %w", d.dir, err)
	}
	return d.sweep(named)
}

func (d *disk) loadObjects(bucket *Bucket, table *bolt.Bucket, named map[string]bool) error {
	return table.ForEach(func(key, value []byte) error {
		object := &Object{}
		if err := json.Unmarshal(value, object); err != nil {
			return fmt.Errorf("reading object %s/%s: %w", bucket.info.Name, key, err)
		}
		object.Key = string(key) // JSON cannot hold every key that S3 takes
		object.content = d.file(object.Blob)
		named[object.Blob] = true
		bucket.tree.ReplaceOrInsert(object)
		return nil
	})
}

func (d *disk) sweep(named map[string]bool) error {
	entries, err := os.ReadDir(d.blobDir())
	if err != nil {
		return fmt.Errorf("looking for content that nothing names: %w", err)
	}
	for _, entry := range entries {
		if !named[entry.Name()] {
			if err := d.file(entry.Name()).remove(); err != nil {
				return err
			}
		}
	}
	return nil
}

func tableName(info BucketInfo) []byte { return []byte(info.Region + "/" + info.Name) }

func (d *disk) createBucket(info BucketInfo) error {
	value, err := json.Marshal(info)
	if err != nil {
		return err
	}
	return d.db.Update(func(tx *bolt.Tx) error {
		if _, err := tx.Bucket(objectsTable).CreateBucketIfNotExists(tableName(info)); err != nil {
			return err
		}
		return tx.Bucket(bucketsTable).Put(tableName(info), value)
	})
}

func (d *disk) deleteBucket(info BucketInfo) error {
	return d.db.Update(func(tx *bolt.Tx) error {
		if err := tx.Bucket(objectsTable).DeleteBucket(tableName(info)); err != nil {
			return err
		}
		return tx.Bucket(bucketsTable).Delete(tableName(info))
	})
}

func (d *disk) putObject(info BucketInfo, object *Object) error {
	value, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return d.db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket(objectsTable).Bucket(tableName(info)).Put([]byte(object.Key), value)
	})
}

func (d *disk) deleteObject(info BucketInfo, key string) error {
	return d.db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket(objectsTable).Bucket(tableName(info)).Delete([]byte(key))
	})
}

func (d *disk) write(r io.Reader, _ int64) (blob, int64, error) {
	out, err := os.CreateTemp(d.blobDir(), "")
	if err != nil {
		return nil, 0, fmt.Errorf("making a file for content: %w", err)
	}
	n, err := io.Copy(out, r)
	if err == nil {
		err = out.Sync()
	}
	err = errors.Join(err, out.Close())
	content := fileBlob(out.Name())
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("receiving content: %w", err), content.remove())
	}
	return content, n, nil
}

func (d *disk) file(name string) fileBlob { return fileBlob(filepath.Join(d.blobDir(), name)) }

// fileBlob is the path of a file with content.
type fileBlob string

func (f fileBlob) name() string           { return filepath.Base(string(f)) }
func (f fileBlob) open() (Content, error) { return os.Open(string(f)) }

func (f fileBlob) remove() error {
	if err := os.Remove(string(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing content: %w", err)
	}
	return nil
}
