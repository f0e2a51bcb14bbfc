// Package store keeps buckets and their objects, in memory or on disk. It knows nothing of HTTP: it is what a cloud's
// storage remembers, and is asked by the protocols that serve it.
package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// What the store refuses. Callers compare with errors.Is.
var (
	ErrBucketExists   = errors.New("the bucket name is taken")
	ErrBucketNotEmpty = errors.New("the bucket is not empty")
	ErrNoSuchBucket   = errors.New("there is no such bucket")
	ErrNoSuchKey      = errors.New("there is no such object")
	ErrNoSuchUpload   = errors.New("there is no such multipart upload")
	ErrInvalidPart    = errors.New("a part is missing or its ETag differs")
	ErrPartOrder      = errors.New("the parts are not in ascending order")
	ErrPartTooSmall   = errors.New("a part other than the last is smaller than 5 MiB")
	ErrPrecondition   = errors.New("a precondition does not hold")
	ErrNoSuchVersion  = errors.New("there is no such version")
	ErrDeleteMarker   = errors.New("the version is a delete marker")
	ErrLocked         = errors.New("the version is protected by a retention or a legal hold")
	ErrFull           = errors.New("the memory for content is used up")
	ErrClosed         = errors.New("the store is closed")
)

// BucketInfo is what is known of a bucket apart from its objects. It does not change while the bucket exists.
type BucketInfo struct {
	Name    string    `json:"name"`
	Region  string    `json:"region"`
	Account string    `json:"account"`
	Created time.Time `json:"created"`
}

// Options of a store.
type Options struct {
	// Dir is the directory for the state; empty keeps everything in memory.
	Dir string
	// RegionalNames lets each region have its own bucket of one name. S3 does not: its names are unique in a partition.
	RegionalNames bool
	// Memory is how many bytes the content of a store in memory may take, objectOverhead for each object and part
	// included; zero is no limit. What comes beyond is refused with ErrFull.
	Memory int64
	// Lifecycle is told what lifecycle rules and the end of restores do to objects, as S3 names that; nil is nobody.
	Lifecycle func(b *Bucket, event string, object *Object, at time.Time)
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// Check is asked when the directory is locked and its index was read, before anything there is changed. Its error is Open's.
	Check func() error
}

// Store holds the buckets of all regions and accounts. It is safe for concurrent use.
type Store struct {
	options Options
	blobs   blobs
	journal journal

	mu      sync.RWMutex
	buckets map[bucketID]*Bucket
	closed  bool

	lifecycle lifecycleRuns
	restores  restoreRuns
}

type bucketID struct{ region, name string }

// journal makes changes durable before they become visible. A change that it refuses has not happened.
type journal interface {
	putBucket(BucketInfo, Settings) error
	deleteBucket(BucketInfo) error
	// putObject also forgets the upload that the object was made of, if it is named.
	putObject(bucket BucketInfo, object *Object, upload string) error
	deleteObject(BucketInfo, *Object) error
	putUpload(BucketInfo, *upload) error
	putPart(bucket BucketInfo, upload string, p part) error
	deleteUpload(bucket BucketInfo, upload string) error
	// replace puts other buckets, with all that they hold, in the place of all that are there.
	replace(by map[bucketID]*Bucket) error
	close() error
}

// Open opens the store; with a directory it loads what is there. Only one store at a time can have a directory: a
// second one gets an error at once.
func Open(options Options) (*Store, error) {
	if options.Now == nil {
		options.Now = time.Now
	}
	s := &Store{options: options, buckets: map[bucketID]*Bucket{}}
	if options.Dir == "" {
		s.blobs, s.journal = &memory{limit: options.Memory}, noJournal{}
		return s, nil
	}
	disk, err := openDisk(options.Dir)
	if err != nil {
		return nil, err
	}
	s.blobs, s.journal = disk, disk
	if err := disk.load(s); err != nil {
		return nil, errors.Join(err, disk.close())
	}
	if err := checkNames(s.buckets, s.options.RegionalNames); err != nil {
		return nil, errors.Join(err, disk.close())
	}
	return s, nil
}

// InMemory says that the content is kept in memory.
func (s *Store) InMemory() bool { return s.options.Dir == "" }

// checkNames refuses state with one name in several regions when names are to be unique across regions.
func checkNames(buckets map[bucketID]*Bucket, regional bool) error {
	seen := map[string]string{}
	for id := range buckets {
		if region, found := seen[id.name]; found && !regional {
			return fmt.Errorf("the state holds bucket %q in %s and in %s, but bucket names are global", id.name, region, id.region)
		}
		seen[id.name] = id.region
	}
	return nil
}

// Close releases the store's directory. What was answered before is on disk already.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.journal.close()
}

// CreateBucket creates a bucket. When the name is taken it returns the bucket that has it, with ErrBucketExists.
func (s *Store) CreateBucket(name, region, account string, settings Settings) (*Bucket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	for id, bucket := range s.buckets {
		if id.name == name && (id.region == region || !s.options.RegionalNames) {
			return bucket, ErrBucketExists
		}
	}
	info := BucketInfo{Name: name, Region: region, Account: account, Created: s.now()}
	if err := s.journal.putBucket(info, settings); err != nil {
		return nil, fmt.Errorf("creating bucket %s: %w", name, err)
	}
	bucket := newBucket(s, info, settings)
	s.buckets[bucketID{region, name}] = bucket
	return bucket, nil
}

// DeleteBucket deletes a bucket that holds no object and no version. Its unfinished multipart uploads go with it.
func (s *Store) DeleteBucket(b *Bucket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.writes.Lock()
	defer b.writes.Unlock()
	id := bucketID{b.info.Region, b.info.Name}
	if s.buckets[id] != b {
		return ErrNoSuchBucket
	}
	if b.objects().Len() > 0 {
		return ErrBucketNotEmpty
	}
	if err := s.journal.deleteBucket(b.info); err != nil {
		return fmt.Errorf("deleting bucket %s: %w", b.info.Name, err)
	}
	b.gone = true
	b.dropUploads()
	delete(s.buckets, id)
	return nil
}

// Clear deletes all buckets with what they hold. What is still written to one of them is refused with ErrNoSuchBucket.
func (s *Store) Clear() error { return s.replace(map[bucketID]*Bucket{}, s.blobs) }

// replace puts other buckets in the place of all that are there, and of the blobs that keep content.
func (s *Store) replace(by map[bucketID]*Bucket, content blobs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	for _, bucket := range s.buckets {
		bucket.writes.Lock()
		defer bucket.writes.Unlock()
	}
	if err := s.journal.replace(by); err != nil {
		return fmt.Errorf("replacing all buckets: %w", err)
	}
	for _, bucket := range s.buckets {
		bucket.gone = true
		if s.InMemory() {
			bucket.dropContents()
		}
	}
	s.buckets = by
	s.restores.again(s.now())
	if s.blobs != content { // those who write read it without the lock, unless nobody may write
		s.blobs = content
	}
	return nil
}

// Bucket finds a bucket in a region.
func (s *Store) Bucket(region, name string) (*Bucket, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	bucket, found := s.buckets[bucketID{region, name}]
	return bucket, found
}

// Buckets returns all buckets, by name and region.
func (s *Store) Buckets() []*Bucket { return s.selectBuckets(func(BucketInfo) bool { return true }) }

// Named returns all buckets of a name, by region.
func (s *Store) Named(name string) []*Bucket {
	return s.selectBuckets(func(b BucketInfo) bool { return b.Name == name })
}

// Owned returns all buckets of an account, by name and region.
func (s *Store) Owned(account string) []*Bucket {
	return s.selectBuckets(func(b BucketInfo) bool { return b.Account == account })
}

func (s *Store) selectBuckets(match func(BucketInfo) bool) []*Bucket {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []*Bucket
	for _, bucket := range s.buckets {
		if match(bucket.info) {
			out = append(out, bucket)
		}
	}
	slices.SortFunc(out, func(x, y *Bucket) int {
		if c := strings.Compare(x.info.Name, y.info.Name); c != 0 {
			return c
		}
		return strings.Compare(x.info.Region, y.info.Region)
	})
	return out
}

// now is the clock at the precision that S3 shows.
func (s *Store) now() time.Time { return s.options.Now().UTC().Truncate(time.Millisecond) }
