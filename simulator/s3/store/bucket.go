package store

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"sync"
	"sync/atomic"

	"github.com/google/btree"
)

// Bucket holds the objects of one bucket. It is safe for concurrent use; reads do not wait for writes to reach the disk.
type Bucket struct {
	info     BucketInfo
	store    *Store
	settings atomic.Pointer[Settings]

	// writes serialises changes and is held over the journal. Those of a single key hold it for reading, with the lock of
	// the key, so that changes of several keys reach the disk together.
	writes   sync.RWMutex
	keys     [256]sync.Mutex    // a key's is that of its hash
	gone     bool               // deleted; guarded by writes
	sequence atomic.Uint64      // of the last version
	uploads  map[string]*upload // guarded by writes, held for writing
	ended    endedUploads       // as uploads are

	mu sync.RWMutex // guards tree
	// tree holds the latest version of each key, with the older ones behind it.
	tree *btree.BTreeG[entry]
}

// entry is a key in the tree. It holds the key itself, so that a search looks at the tree only.
type entry struct {
	key    string
	latest *Object
}

func newBucket(s *Store, info BucketInfo, settings Settings) *Bucket {
	byKey := func(x, y entry) bool { return x.key < y.key }
	b := &Bucket{info: info, store: s, uploads: map[string]*upload{}, tree: btree.NewG(32, byKey)}
	b.settings.Store(&settings)
	return b
}

// Info returns what is known of the bucket.
func (b *Bucket) Info() BucketInfo { return b.info }

// objects returns a snapshot of the objects.
func (b *Bucket) objects() *btree.BTreeG[entry] {
	b.mu.Lock() // Clone marks the tree as shared, which is a write
	defer b.mu.Unlock()
	return b.tree.Clone()
}

var keySeed = maphash.MakeSeed()

// lockKey locks a key for a change of its versions.
func (b *Bucket) lockKey(key string) (unlock func()) {
	b.writes.RLock()
	lock := &b.keys[maphash.String(keySeed, key)%uint64(len(b.keys))]
	lock.Lock()
	return func() {
		lock.Unlock()
		b.writes.RUnlock()
	}
}

// latest returns the latest version of a key, a delete marker too; nil for none.
func (b *Bucket) latest(key string) *Object {
	b.mu.RLock()
	defer b.mu.RUnlock()
	found, _ := b.tree.Get(entry{key: key})
	return found.latest
}

// Get finds a version of an object; an empty version is the latest. When that is a delete marker, the marker comes with
// the error ErrNoSuchKey; when a version that was asked for is one, it comes with ErrDeleteMarker.
func (b *Bucket) Get(key, version string) (*Object, error) {
	object := b.latest(key)
	if version != "" {
		if object = object.find(version); object == nil {
			return nil, ErrNoSuchVersion
		}
	}
	switch {
	case object == nil:
		return nil, ErrNoSuchKey
	case object.DeleteMarker && version == "":
		return object, ErrNoSuchKey
	case object.DeleteMarker:
		return object, ErrDeleteMarker
	}
	return object, nil
}

// Open finds a version of an object as Get does and opens its content, which the caller closes. It stays readable while
// it is open, also when the object is deleted or overwritten meanwhile.
func (b *Bucket) Open(key, version string) (*Object, Content, error) {
	for {
		object, err := b.Get(key, version)
		if err != nil {
			return object, nil, err
		}
		content, err := object.open()
		if err == nil {
			return object, content, nil
		}
		if now, _ := b.Get(key, version); now != nil && now.Blob == object.Blob {
			return nil, nil, fmt.Errorf("reading %s/%s: %w", b.info.Name, key, err)
		}
	}
}

// Write is what is written: the content, and what is said of it.
type Write struct {
	Body io.Reader
	// Size is only a hint.
	Size       int64
	Attributes Attributes
	// Checksums are added to the attributes' when the body was read to its end; nil for none.
	Checksums  func() map[string]string
	Conditions Conditions
}

// Put stores an object when the body was read to io.EOF without an error; otherwise nothing changes.
func (b *Bucket) Put(key string, w Write) (*Object, error) {
	sum := md5.New()
	content, n, err := b.store.blobs.write(io.TeeReader(w.Body, sum), w.Size)
	if err != nil {
		return nil, err
	}
	object := &Object{Key: key, Size: n, ETag: hex.EncodeToString(sum.Sum(nil)), Attributes: w.Attributes, content: content}
	if w.Checksums != nil {
		object.setChecksums(w.Checksums())
	}
	defer b.lockKey(key)()
	if err := b.commit(object, w.Conditions, ""); err != nil {
		return nil, errors.Join(err, content.remove())
	}
	return object, nil
}

// commit makes a new version visible, and ends an upload with it if one is named; it needs the lock of the key.
func (b *Bucket) commit(object *Object, conditions Conditions, endsUpload string) error {
	if b.gone {
		return ErrNoSuchBucket
	}
	latest, settings := b.latest(object.Key), b.Settings()
	if err := conditions.check(latest); err != nil {
		return err
	}
	var replaced *Object
	if object.Version = NullVersion; settings.Versioning == VersioningEnabled {
		object.Version = rand.Text()
	} else {
		replaced = latest.find(NullVersion)
	}
	if object.Modified.IsZero() {
		object.Modified = b.store.now()
	}
	if object.Retention.Mode == "" && !object.DeleteMarker {
		object.Retention = settings.Retention.from(object.Modified)
	}
	if object.content != nil {
		object.Blob = object.content.name()
	}
	object.Sequence = b.sequence.Add(1)
	if err := b.store.journal.putObject(b.info, object, endsUpload); err != nil {
		return fmt.Errorf("storing %s/%s: %w", b.info.Name, object.Key, err)
	}
	object.older = latest.swap(replaced, nil)
	b.show(object.Key, object)
	return replaced.remove()
}

// show makes the versions of a key visible, latest first; nil for none.
func (b *Bucket) show(key string, latest *Object) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if latest == nil {
		b.tree.Delete(entry{key: key})
		return
	}
	b.tree.ReplaceOrInsert(entry{key, latest})
}

// dropContents forgets the contents of a bucket that is gone.
func (b *Bucket) dropContents() {
	b.dropUploads()
	b.objects().Ascend(func(e entry) bool {
		for version := e.latest; version != nil; version = version.older {
			_ = version.remove() // which does not fail in memory
		}
		return true
	})
}

// Deletion says what to delete.
type Deletion struct {
	Key string
	// Version is empty to delete the object as such: where there is versioning, a delete marker hides it.
	Version string
	// BypassGovernance deletes a version also when a retention in governance mode protects it.
	BypassGovernance bool
	Conditions       Conditions
}

// Deleted says what was done: which version is gone, or which one is the new delete marker.
type Deleted struct {
	// Version is empty where there is no versioning.
	Version      string
	DeleteMarker bool
}

// Delete deletes an object or a version. It is no error when there is none, as it is none for S3.
func (b *Bucket) Delete(d Deletion) (Deleted, error) {
	defer b.lockKey(d.Key)()
	latest, versioning := b.latest(d.Key), b.Settings().Versioning
	if d.Conditions.IfMatch != "" {
		if err := d.Conditions.check(latest); err != nil {
			return Deleted{}, err
		}
	}
	if d.Version == "" && versioning != "" {
		marker := &Object{Key: d.Key, DeleteMarker: true}
		err := b.commit(marker, Conditions{}, "")
		return Deleted{marker.Version, true}, err
	}
	version := d.Version
	if version == "" {
		version = NullVersion
	}
	object := latest.find(version)
	if object == nil {
		return Deleted{Version: d.Version}, nil
	}
	if object.protected(b.store.now(), d.BypassGovernance) {
		return Deleted{}, ErrLocked
	}
	if err := b.erase(object); err != nil {
		return Deleted{}, err
	}
	return Deleted{d.Version, object.DeleteMarker}, nil
}

// erase deletes a version for good; it needs the lock of the key.
func (b *Bucket) erase(object *Object) error {
	if err := b.store.journal.deleteObject(b.info, object); err != nil {
		return fmt.Errorf("deleting %s/%s: %w", b.info.Name, object.Key, err)
	}
	b.show(object.Key, b.latest(object.Key).swap(object, nil))
	return object.remove()
}

// Change changes what is said of a version of an object, which Get finds, by the function, which may refuse. Content and
// times stay as they are.
func (b *Bucket) Change(key, version string, change func(*Attributes) error) (*Object, error) {
	defer b.lockKey(key)()
	object, err := b.Get(key, version)
	if err != nil {
		return object, err
	}
	changed := *object
	if err := change(&changed.Attributes); err != nil {
		return nil, err
	}
	if err := b.replace(object, &changed); err != nil {
		return nil, err
	}
	if changed.Restore != object.Restore {
		b.store.restores.again(b.store.now())
	}
	return &changed, nil
}

// replace puts a changed version in the place of what it was; it needs the lock of the key.
func (b *Bucket) replace(object, changed *Object) error {
	if err := b.store.journal.putObject(b.info, changed, ""); err != nil {
		return fmt.Errorf("changing %s/%s: %w", b.info.Name, object.Key, err)
	}
	b.show(object.Key, b.latest(object.Key).swap(object, changed))
	return nil
}
