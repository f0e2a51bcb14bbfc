package store

import (
	"errors"
	"fmt"
	"io"
	"regexp"
)

// Loading is what is to take the place of all that a store holds. It is to be committed or discarded.
type Loading struct {
	store   *Store
	blobs   blobs
	buckets map[bucketID]*Bucket
	// bucket and upload are those that the next records belong to.
	bucket *Bucket
	upload *upload
	// added are the contents that came, to be removed unless they are committed.
	added []blob
}

// Load begins to load what Save has written. Until it is committed the store is as it was.
func (s *Store) Load() *Loading {
	l := &Loading{store: s, blobs: s.blobs, buckets: map[bucketID]*Bucket{}}
	if m, is := s.blobs.(*memory); is {
		l.blobs = &memory{limit: m.limit} // what is there goes when this comes, and does not count
	}
	return l
}

// versionID is what ids of versions and uploads are made of: the index separates them from keys and parts by other characters.
var versionID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// Add adds the next record, with its content if it has any.
func (l *Loading) Add(r Record, content io.Reader, size int64) error {
	given := 0
	for _, there := range []bool{r.Bucket != nil, r.Version != nil, r.Upload != nil, r.Part != nil} {
		if there {
			given++
		}
	}
	switch {
	case given != 1:
		return errors.New("it is not a bucket, a version, an upload or a part")
	case r.Bucket != nil:
		return l.addBucket(r.Bucket)
	case l.bucket == nil:
		return errors.New("there is no bucket before it")
	case r.Version != nil:
		return l.addVersion(r.Version, content, size)
	case r.Upload != nil:
		return l.addUpload(r.Upload)
	}
	return l.addPart(*r.Part, content, size)
}

func (l *Loading) addBucket(r *bucketRecord) error {
	id := bucketID{r.Region, r.Name}
	if _, found := l.buckets[id]; found {
		return fmt.Errorf("bucket %s in %s comes twice", r.Name, r.Region)
	}
	l.bucket, l.upload = newBucket(l.store, r.BucketInfo, r.Settings), nil
	l.buckets[id] = l.bucket
	return nil
}

func (l *Loading) addVersion(r *versionRecord, content io.Reader, size int64) error {
	object := r.Object
	object.Key, object.Version, object.Blob = string(r.Key), r.ID, ""
	latest := l.bucket.latest(object.Key)
	switch {
	case object.Key == "" || !versionID.MatchString(object.Version):
		return fmt.Errorf("object %q: it has no key, or %q is no id of a version", object.Key, object.Version)
	case latest.find(object.Version) != nil:
		return fmt.Errorf("object %q: version %s comes twice", object.Key, object.Version)
	case latest != nil && latest.Sequence >= object.Sequence:
		return fmt.Errorf("object %q: version %s is older than one before it", object.Key, object.Version)
	}
	if !object.DeleteMarker {
		var err error
		if object.content, err = l.addContent(content, size, object.Size, object.Parts, object.ETag); err != nil {
			return fmt.Errorf("object %q: %w", object.Key, err)
		}
		object.Blob = object.content.name()
	}
	l.bucket.addVersion(&object)
	return nil
}

func (l *Loading) addUpload(r *uploadOfID) error {
	info := r.UploadInfo
	info.ID, info.Key = r.ID, string(r.Key)
	if info.Key == "" || !versionID.MatchString(info.ID) || l.bucket.uploads[info.ID] != nil {
		return fmt.Errorf("upload %q to %q: it has no key, or its id cannot be or comes twice", info.ID, info.Key)
	}
	l.upload = &upload{UploadInfo: info, parts: map[int]part{}}
	l.bucket.uploads[info.ID] = l.upload
	return nil
}

func (l *Loading) addPart(info PartInfo, content io.Reader, size int64) error {
	if l.upload == nil {
		return errors.New("a part has no upload before it")
	}
	if _, found := l.upload.parts[info.Number]; found || info.Number < 1 {
		return fmt.Errorf("part %d comes twice, or cannot be", info.Number)
	}
	added, err := l.addContent(content, size, info.Size, nil, info.ETag)
	if err != nil {
		return fmt.Errorf("part %d of an upload to %q: %w", info.Number, l.upload.Key, err)
	}
	l.upload.parts[info.Number] = part{info, added}
	return nil
}

// addContent stores a content that is what the ETag says.
func (l *Loading) addContent(content io.Reader, size, want int64, parts []ObjectPart, etag string) (blob, error) {
	if content == nil || size != want || want < 0 {
		return nil, fmt.Errorf("it has %d bytes, not %d", size, want)
	}
	added, _, err := l.blobs.write(content, size)
	if err != nil {
		return nil, err
	}
	l.added = append(l.added, added)
	return added, verify(added, size, parts, etag)
}

// Check says what is wrong with all that was added.
func (l *Loading) Check() error { return checkNames(l.buckets, l.store.options.RegionalNames) }

// Commit puts what was added in the place of all that the store holds. When that fails it is as it was.
func (l *Loading) Commit() error { return l.store.replace(l.buckets, l.blobs) }

// Discard forgets what was added.
func (l *Loading) Discard() error {
	var problems []error
	for _, content := range l.added {
		problems = append(problems, content.remove())
	}
	return errors.Join(problems...)
}
