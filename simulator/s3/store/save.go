package store

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Record is one thing that a store holds, told apart by which field there is: a bucket comes before its versions, the older ones of a
// key first, and before its uploads, and an upload before its parts. Versions and parts have content, delete markers have none.
type Record struct {
	Bucket  *bucketRecord  `json:"bucket,omitempty"`
	Version *versionRecord `json:"version,omitempty"`
	Upload  *uploadOfID    `json:"upload,omitempty"`
	Part    *PartInfo      `json:"part,omitempty"`
}

// versionRecord is a version with what the index has in its place there.
type versionRecord struct {
	Key []byte `json:"key"` // not always valid in JSON as a string
	ID  string `json:"id"`
	Object
}

// uploadOfID is an upload with what the index has in its place there.
type uploadOfID struct {
	ID string `json:"id"`
	uploadRecord
}

// HasContent says whether content comes with the record.
func (r Record) HasContent() bool {
	return r.Part != nil || r.Version != nil && !r.Version.DeleteMarker
}

// BucketInfo is the bucket of a record that is one.
func (r Record) BucketInfo() (info BucketInfo, is bool) {
	if r.Bucket == nil {
		return BucketInfo{}, false
	}
	return r.Bucket.BucketInfo, true
}

// Save calls write with all that the store holds, in the order of Record. The content, if there is any, is to be read at once.
// Nobody else may change the store meanwhile.
func (s *Store) Save(write func(r Record, content io.Reader, size int64) error) error {
	for _, bucket := range s.selectBuckets(func(BucketInfo) bool { return true }) {
		if err := bucket.save(write); err != nil {
			return fmt.Errorf("bucket %s in %s: %w", bucket.info.Name, bucket.info.Region, err)
		}
	}
	return nil
}

func (b *Bucket) save(write func(Record, io.Reader, int64) error) error {
	if err := write(Record{Bucket: &bucketRecord{b.info, b.Settings()}}, nil, 0); err != nil {
		return err
	}
	var err error
	b.objects().Ascend(func(e entry) bool {
		var versions []*Object
		for o := e.latest; o != nil; o = o.older {
			versions = append(versions, o)
		}
		for _, o := range slices.Backward(versions) {
			record := Record{Version: &versionRecord{[]byte(o.Key), o.Version, *o}}
			record.Version.Blob = "" // which is this store's own
			if err = saveContent(record, o.content, o.Size, write); err != nil {
				err = fmt.Errorf("object %q: %w", o.Key, err)
				return false
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, u := range b.underWay() {
		if err := write(Record{Upload: &uploadOfID{u.ID, uploadRecord{u.UploadInfo, []byte(u.Key)}}}, nil, 0); err != nil {
			return err
		}
		for _, number := range slices.Sorted(maps.Keys(u.parts)) {
			p := u.parts[number]
			if err := saveContent(Record{Part: &p.PartInfo}, p.content, p.Size, write); err != nil {
				return fmt.Errorf("part %d of an upload to %q: %w", number, u.Key, err)
			}
		}
	}
	return nil
}

// underWay are the uploads by their ids.
func (b *Bucket) underWay() []*upload {
	b.writes.Lock()
	defer b.writes.Unlock()
	return slices.SortedFunc(maps.Values(b.uploads), func(x, y *upload) int { return strings.Compare(x.ID, y.ID) })
}

func saveContent(r Record, content blob, size int64, write func(Record, io.Reader, int64) error) error {
	if content == nil {
		return write(r, nil, 0)
	}
	opened, err := content.open()
	if err != nil {
		return err
	}
	defer func() { _ = opened.Close() }() // it was only read
	return write(r, Whole(opened, size), size)
}
