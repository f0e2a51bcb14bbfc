package store

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	// maxSmall is the size up to which content is kept in the index. It reaches the disk with the entry that names it, which
	// spares a file, and the wait for it and for its name.
	maxSmall = 16 << 10
	// smallPrefix tells the names of small contents from those of files.
	smallPrefix = "#"
)

var contentsTable = []byte("contents")

// smallBlob is content in the index.
type smallBlob struct {
	disk *disk
	key  string
	// data is the content until it is in the index.
	data atomic.Pointer[[]byte]
}

// newSmallBlob makes a blob that goes to the index with what names it. Names grow with time, so that contents that come
// together lie together.
func (d *disk) newSmallBlob(data []byte) *smallBlob {
	name := fmt.Sprintf("%s%016x%08x", smallPrefix, time.Now().UnixNano(), rand.Uint32())
	b := &smallBlob{disk: d, key: withSum(name, crc32.Checksum(data, castagnoli))}
	b.data.Store(&data)
	return b
}

func isSmall(name string) bool { return strings.HasPrefix(name, smallPrefix) }

// blob is the content of a name in the index.
func (d *disk) blob(name string) blob {
	if isSmall(name) {
		return &smallBlob{disk: d, key: name}
	}
	return &fileBlob{d, name}
}

func (b *smallBlob) name() string { return b.key }

func (b *smallBlob) open() (Content, error) {
	if data := b.data.Load(); data != nil {
		return smallContent{bytes.NewReader(*data)}, nil
	}
	var data []byte
	err := b.disk.db.View(func(tx *bolt.Tx) error {
		value := tx.Bucket(contentsTable).Get([]byte(b.key))
		if value == nil {
			return fs.ErrNotExist
		}
		data = bytes.Clone(value)
		return nil
	})
	if want, found := sumOf(b.key); err == nil && found && crc32.Checksum(data, castagnoli) != want {
		err = ErrDamaged
	}
	if err != nil {
		return nil, fmt.Errorf("reading content from the index: %w", err)
	}
	return smallContent{bytes.NewReader(data)}, nil
}

// remove forgets the content with the next change of the index; what is left at a crash is swept at the next start.
func (b *smallBlob) remove() error {
	if b.data.Load() == nil {
		b.disk.commits.later(func(tx *bolt.Tx) error { return tx.Bucket(contentsTable).Delete([]byte(b.key)) })
	}
	return nil
}

// storeContent puts a content that is not in a file into the index.
func storeContent(tx *bolt.Tx, content blob) error {
	if small, is := content.(*smallBlob); is {
		if data := small.data.Load(); data != nil {
			return tx.Bucket(contentsTable).Put([]byte(small.key), *data)
		}
	}
	return nil
}

// contentStored releases the memory of a content that is in the index now.
func contentStored(content blob) {
	if small, is := content.(*smallBlob); is {
		small.data.Store(nil)
	}
}

// sweepSmall removes the small contents that nothing names.
func sweepSmall(tx *bolt.Tx, named map[string]bool) error {
	cursor := tx.Bucket(contentsTable).Cursor()
	for key, _ := cursor.First(); key != nil; {
		if named[string(key)] {
			key, _ = cursor.Next()
			continue
		}
		gone := bytes.Clone(key)
		if err := cursor.Delete(); err != nil {
			return err
		}
		key, _ = cursor.Seek(gone)
	}
	return nil
}

// readSmall reads content that may be small. When it is not, whole is false, and the start is what was read of it.
func readSmall(r io.Reader, size int64) (start []byte, whole bool, err error) {
	start = make([]byte, min(max(size+1, bytes.MinRead), maxSmall+1))
	filled := 0
	for {
		n, ended, err := fill(r, start[filled:])
		filled += n
		switch {
		case err != nil:
			return nil, false, err
		case ended:
			return bytes.Clone(start[:filled]), true, nil
		case len(start) > maxSmall:
			return start, false, nil
		}
		start = append(start, make([]byte, maxSmall+1-len(start))...)
	}
}

// smallContent is small content that is open.
type smallContent struct{ *bytes.Reader }

// Close has nothing to release.
func (smallContent) Close() error { return nil }
