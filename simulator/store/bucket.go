package store

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/google/btree"
)

// Object is one object as it was stored. It is never changed: a new PUT makes a new Object.
type Object struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
	// ETag is without quotes: the MD5 of the content, or that of the parts' MD5s and their number for a multipart upload.
	ETag     string    `json:"etag"`
	Modified time.Time `json:"modified"`
	// Headers go out again with the object, by canonical name.
	Headers map[string]string `json:"headers,omitempty"`
	// Checksums are verified x-amz-checksum- values of the content.
	Checksums map[string]string `json:"checksums,omitempty"`
	// Blob names the content in the store's blobs.
	Blob string `json:"blob,omitempty"`

	content blob
}

// Content is an open object's content.
type Content interface {
	io.ReaderAt
	io.Closer
}

// Attributes are what a writer says of an object besides its content.
type Attributes struct {
	Headers map[string]string
	// Checksums is asked once the content was read to its end; nil for none.
	Checksums func() map[string]string
}

// Conditions guard a write. They are checked when the content has arrived, in one step with the write.
type Conditions struct {
	// IfMatch: the object must exist with this ETag.
	IfMatch string
	// IfNoneMatch: "*", the object must not exist.
	IfNoneMatch string
}

// Bucket holds the objects of one bucket. It is safe for concurrent use; reads do not wait for writes to reach the disk.
type Bucket struct {
	info  BucketInfo
	store *Store

	writes  sync.Mutex // serialises changes; held over the journal
	gone    bool       // deleted; guarded by writes
	uploads map[string]*upload

	mu   sync.RWMutex // guards tree
	tree *btree.BTreeG[*Object]
}

func newBucket(s *Store, info BucketInfo) *Bucket {
	byKey := func(x, y *Object) bool { return x.Key < y.Key }
	return &Bucket{info: info, store: s, uploads: map[string]*upload{}, tree: btree.NewG(32, byKey)}
}

// Info returns what is known of the bucket.
func (b *Bucket) Info() BucketInfo { return b.info }

// objects returns a snapshot of the objects.
func (b *Bucket) objects() *btree.BTreeG[*Object] {
	b.mu.Lock() // Clone marks the tree as shared, which is a write
	defer b.mu.Unlock()
	return b.tree.Clone()
}

// Get finds an object.
func (b *Bucket) Get(key string) (*Object, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	object, found := b.tree.Get(&Object{Key: key})
	if !found {
		return nil, ErrNoSuchKey
	}
	return object, nil
}

// Open finds an object and opens its content, which the caller closes. It stays readable while it is open, also when the
// object is deleted or overwritten meanwhile.
func (b *Bucket) Open(key string) (*Object, Content, error) {
	for {
		object, err := b.Get(key)
		if err != nil {
			return nil, nil, err
		}
		content, err := object.content.open()
		if err == nil {
			return object, content, nil
		}
		if now, _ := b.Get(key); now == object {
			return nil, nil, fmt.Errorf("reading %s/%s: %w", b.info.Name, key, err)
		}
	}
}

// Put stores an object when body was read to io.EOF without an error; otherwise nothing changes. size is only a hint.
func (b *Bucket) Put(key string, body io.Reader, size int64, attributes Attributes, conditions Conditions) (*Object, error) {
	sum := md5.New()
	content, n, err := b.store.blobs.write(io.TeeReader(body, sum), size)
	if err != nil {
		return nil, err
	}
	object := &Object{Key: key, Size: n, ETag: hex.EncodeToString(sum.Sum(nil)), Headers: maps.Clone(attributes.Headers), content: content}
	if attributes.Checksums != nil {
		object.Checksums = attributes.Checksums()
	}
	b.writes.Lock()
	defer b.writes.Unlock()
	if err := b.commit(object, conditions); err != nil {
		return nil, errors.Join(err, content.remove())
	}
	return object, nil
}

// commit makes an object visible; it needs the lock on writes.
func (b *Bucket) commit(object *Object, conditions Conditions) error {
	if b.gone {
		return ErrNoSuchBucket
	}
	old, err := b.Get(object.Key)
	if err := conditions.check(old, err == nil); err != nil {
		return err
	}
	object.Modified = b.store.now()
	object.Blob = object.content.name()
	if err := b.store.journal.putObject(b.info, object); err != nil {
		return fmt.Errorf("storing %s/%s: %w", b.info.Name, object.Key, err)
	}
	b.mu.Lock()
	b.tree.ReplaceOrInsert(object)
	b.mu.Unlock()
	if old != nil {
		return old.content.remove()
	}
	return nil
}

func (c Conditions) check(old *Object, exists bool) error {
	if c.IfNoneMatch == "*" && exists {
		return ErrPrecondition
	}
	if c.IfMatch == "" {
		return nil
	}
	if !exists {
		return ErrNoSuchKey
	}
	if want := strings.Trim(c.IfMatch, `"`); want != "*" && want != old.ETag {
		return ErrPrecondition
	}
	return nil
}

// Delete removes an object. It is no error when there is none, as it is none for S3.
func (b *Bucket) Delete(key string) error {
	b.writes.Lock()
	defer b.writes.Unlock()
	object, err := b.Get(key)
	if err != nil {
		return nil
	}
	if err := b.store.journal.deleteObject(b.info, key); err != nil {
		return fmt.Errorf("deleting %s/%s: %w", b.info.Name, key, err)
	}
	b.mu.Lock()
	b.tree.Delete(object)
	b.mu.Unlock()
	return object.content.remove()
}
