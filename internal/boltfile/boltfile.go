// Package boltfile opens files of bbolt whose owner may have been killed, and whose disk may have failed: what is damaged is found,
// and told, before anything is read from it or written to it.
package boltfile

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// lockTimeout is how long to wait for another process that has the file open.
const (
	lockTimeout = time.Second
	lockPoll    = 10 * time.Millisecond
)

// Open opens a file, which it makes where there is none. One that is damaged is an error, which is a *Damage.
func Open(path string) (*bolt.DB, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("making %s: %w", path, err)
		}
	}
	return open(path, &bolt.Options{Timeout: lockTimeout})
}

// OpenToRead opens a file without changing it.
func OpenToRead(path string) (*bolt.DB, error) {
	return open(path, &bolt.Options{Timeout: lockTimeout, ReadOnly: true})
}

func open(path string, options *bolt.Options) (*bolt.DB, error) {
	// bbolt reads the file when it opens it, so that the check comes before; and the lock, for the check, before that.
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	ctx, cancel := context.WithTimeout(context.Background(), lockTimeout)
	defer cancel()
	_, err := lock.TryRLockContext(ctx, lockPoll)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, inUse(path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	err = Check(path)
	if err = errors.Join(err, lock.Close()); err != nil {
		return nil, err
	}
	db, err := bolt.Open(path, 0o600, options)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, inUse(path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return db, nil
}

func inUse(path string) error { return fmt.Errorf("%s is in use by another process", path) }

// create makes a file whole or not at all, so that an empty one, or half of one, was damaged.
func create(path string) error {
	unfinished := path + ".new"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(unfinished, 0o600, &bolt.Options{Timeout: lockTimeout})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrSum says that a record is not what was written.
var ErrSum = errors.New("it is not what was written: its checksum does not match")

// sumSize is what a seal takes: a zero byte, which no JSON ends in, and the checksum.
const sumSize = 5

// Seal adds a checksum of a record and of its key to a record in JSON.
func Seal(key, record []byte) []byte {
	return binary.BigEndian.AppendUint32(append(bytes.Clone(record), 0), sum(key, record))
}

// Unseal returns what was sealed, if it is still that. A record without a seal is one of an earlier version; or its seal is damaged,
// and what returns is not JSON.
func Unseal(key, sealed []byte) ([]byte, error) {
	at := len(sealed) - sumSize
	if at < 0 || sealed[at] != 0 {
		return sealed, nil
	}
	record := sealed[:at]
	if binary.BigEndian.Uint32(sealed[at+1:]) != sum(key, record) {
		return nil, ErrSum
	}
	return record, nil
}

func sum(key, record []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, record)
}
