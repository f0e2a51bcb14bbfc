// Package gofakes3backend puts the simulator's store under gofakes3, for those who have a server made with gofakes3 and
// want its objects to survive a restart, or to be the same that the simulator serves:
//
//	objects, err := store.Open(store.Options{Dir: "data"})
//	...
//	server := gofakes3.New(gofakes3backend.New(objects, "us-east-1", "111111111111")).Server()
//
// What is stored is durable when it is answered, versions are kept, and lists come in pages. All else is gofakes3's: it
// checks no signatures, keeps the parts of a multipart upload in memory until the upload is completed, and gives the
// object that it makes of them the MD5 of its content as ETag.
package gofakes3backend

import (
	"cmp"
	"errors"
	"math"

	"github.com/johannesboyne/gofakes3"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// Backend is a gofakes3.Backend over the buckets that one account has in one region. It is safe for concurrent use.
type Backend struct {
	store           *store.Store
	region, account string
}

var (
	_ gofakes3.Backend          = (*Backend)(nil)
	_ gofakes3.VersionedBackend = (*Backend)(nil)
)

// New returns a backend over an account's buckets in a region, of which gofakes3 knows neither: buckets are created there,
// and others are not seen. The store stays the caller's to close, when the server has ended.
func New(s *store.Store, region, account string) *Backend {
	return &Backend{store: s, region: region, account: account}
}

// bucket finds a bucket.
func (b *Backend) bucket(name string) (*store.Bucket, error) {
	found, ok := b.store.Bucket(b.region, name)
	if !ok || found.Info().Account != b.account {
		return nil, gofakes3.BucketNotFound(name)
	}
	return found, nil
}

// ListBuckets lists the buckets by name.
func (b *Backend) ListBuckets() ([]gofakes3.BucketInfo, error) {
	var out []gofakes3.BucketInfo
	for _, bucket := range b.store.Owned(b.account) {
		if info := bucket.Info(); info.Region == b.region {
			out = append(out, gofakes3.BucketInfo{Name: info.Name, CreationDate: gofakes3.NewContentTime(info.Created)})
		}
	}
	return out, nil
}

// BucketExists says whether there is a bucket of that name; one of another account is none.
func (b *Backend) BucketExists(name string) (bool, error) {
	_, err := b.bucket(name)
	return err == nil, nil
}

// CreateBucket creates a bucket. Its name may be taken by one that is not seen here.
func (b *Backend) CreateBucket(name string) error {
	_, err := b.store.CreateBucket(name, b.region, b.account, store.Settings{})
	return refusal(err, name, "")
}

// DeleteBucket deletes a bucket in which there is no object and no version.
func (b *Backend) DeleteBucket(name string) error {
	bucket, err := b.bucket(name)
	if err != nil {
		return err
	}
	return refusal(b.store.DeleteBucket(bucket), name, "")
}

// ForceDeleteBucket deletes a bucket and all that is in it, except when a version is locked.
func (b *Backend) ForceDeleteBucket(name string) error {
	bucket, err := b.bucket(name)
	if err != nil {
		return err
	}
	for {
		if err := empty(bucket); err != nil {
			return refusal(err, name, "")
		}
		// Whoever wrote meanwhile has not been told that the bucket is gone.
		if err := b.store.DeleteBucket(bucket); !errors.Is(err, store.ErrBucketNotEmpty) {
			return refusal(err, name, "")
		}
	}
}

// empty deletes all versions in a bucket.
func empty(bucket *store.Bucket) error {
	for _, object := range bucket.List(store.ListOptions{Max: math.MaxInt, Versions: true}).Objects {
		if _, err := bucket.Delete(store.Deletion{Key: object.Key, Version: object.Version}); err != nil {
			return err
		}
	}
	return nil
}

// ListBucket lists a page of a bucket's objects; without a limit it lists all.
func (b *Backend) ListBucket(name string, prefix *gofakes3.Prefix, page gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	bucket, err := b.bucket(name)
	if err != nil {
		return nil, err
	}
	options := listOptions(prefix, page.MaxKeys)
	options.After = page.Marker
	found := bucket.List(options)
	out := gofakes3.NewObjectList()
	out.IsTruncated, out.NextMarker = found.Truncated, found.Next
	for _, object := range found.Objects {
		out.Add(&gofakes3.Content{
			Key: object.Key, Size: object.Size, ETag: gofakes3.FormatETag(hash(object)), LastModified: gofakes3.NewContentTime(object.Modified),
		})
	}
	for _, common := range found.Prefixes {
		out.AddPrefix(common)
	}
	return out, nil
}

// listOptions are those of a prefix and a limit; a prefix that is nil, and a limit that is not positive, are none.
func listOptions(prefix *gofakes3.Prefix, limit int64) store.ListOptions {
	options := store.ListOptions{Max: int(cmp.Or(max(limit, 0), math.MaxInt))}
	if prefix != nil && prefix.HasPrefix {
		options.Prefix = prefix.Prefix
	}
	if prefix != nil && prefix.HasDelimiter {
		options.Delimiter = prefix.Delimiter
	}
	return options
}
