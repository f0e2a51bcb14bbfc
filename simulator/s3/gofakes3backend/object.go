package gofakes3backend

import (
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"

	"github.com/johannesboyne/gofakes3"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// GetObject opens an object, or a range of it.
func (b *Backend) GetObject(bucket, key string, requested *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return b.open(bucket, key, "", requested)
}

// HeadObject describes an object.
func (b *Backend) HeadObject(bucket, key string) (*gofakes3.Object, error) {
	return b.head(bucket, key, "")
}

// open opens a version of an object, or a range of it; an empty version is the latest.
func (b *Backend) open(bucketName, key, version string, requested *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	bucket, err := b.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	object, content, err := bucket.Open(key, version)
	if errors.Is(err, store.ErrDeleteMarker) {
		return describe(bucket, object), nil
	}
	if err != nil {
		return nil, refusal(err, bucketName, key)
	}
	part, err := requested.Range(object.Size)
	if err != nil {
		_ = content.Close() // nothing was read
		return nil, err
	}
	out := describe(bucket, object)
	start, length := int64(0), object.Size
	if part != nil {
		out.Range, start, length = part, part.Start, part.Length
	}
	var reader io.Reader = io.NewSectionReader(content, start, length)
	if length == object.Size {
		reader = store.Whole(content, length)
	}
	out.Contents = section{reader, content}
	return out, nil
}

// section is the part of a content that was asked for.
type section struct {
	io.Reader
	io.Closer
}

// head describes a version of an object; an empty version is the latest.
func (b *Backend) head(bucketName, key, version string) (*gofakes3.Object, error) {
	bucket, err := b.bucket(bucketName)
	if err != nil {
		return nil, err
	}
	object, err := bucket.Get(key, version)
	if err != nil && !errors.Is(err, store.ErrDeleteMarker) {
		return nil, refusal(err, bucketName, key)
	}
	return describe(bucket, object), nil
}

// describe returns an object without its content, or a delete marker.
func describe(bucket *store.Bucket, object *store.Object) *gofakes3.Object {
	metadata := map[string]string{"Content-Type": "binary/octet-stream"}
	maps.Copy(metadata, object.Headers)
	metadata["Last-Modified"] = object.Modified.Format(http.TimeFormat)
	return &gofakes3.Object{
		Name: object.Key, Metadata: metadata, Size: object.Size, Hash: hash(object), Contents: http.NoBody,
		VersionID: versionID(bucket, object.Version), IsDeleteMarker: object.DeleteMarker,
	}
}

// hash is what gofakes3 makes an ETag of, which it cannot do of one with the number of parts that the simulator gave it.
func hash(object *store.Object) []byte {
	sum, _, _ := strings.Cut(object.ETag, "-")
	raw, _ := hex.DecodeString(sum) // made by the store
	return raw
}

// PutObject stores an object when all of its content has come.
func (b *Backend) PutObject(bucketName, key string, meta map[string]string, input io.Reader, size int64, conditions *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	bucket, err := b.bucket(bucketName)
	if err != nil {
		return gofakes3.PutObjectResult{}, err
	}
	object, err := bucket.Put(key, store.Write{
		Body: &exactReader{input, size}, Size: size, Attributes: attributes(meta), Conditions: storeConditions(conditions),
	})
	if errors.Is(err, store.ErrNoSuchKey) { // If-Match, of an object that there is not
		err = store.ErrPrecondition
	}
	if err != nil {
		return gofakes3.PutObjectResult{}, refusal(err, bucketName, key)
	}
	return gofakes3.PutObjectResult{VersionID: versionID(bucket, object.Version)}, nil
}

// exactReader refuses a content of another size than was announced.
type exactReader struct {
	io.Reader
	left int64
}

func (e *exactReader) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	e.left -= int64(n)
	if e.left < 0 || err == io.EOF && e.left > 0 {
		return n, gofakes3.ErrIncompleteBody
	}
	return n, err
}

// attributes keeps of the headers that gofakes3 passes on those that describe the object: the others are about the request,
// and may hold what only its sender should know.
func attributes(meta map[string]string) store.Attributes {
	headers := map[string]string{}
	for name, value := range meta {
		switch {
		case name == "Content-Encoding" && value == "aws-chunked": // of the transfer
		case name == "Content-Type", name == "Content-Disposition", name == "Content-Encoding", strings.HasPrefix(name, "X-Amz-Meta-"):
			headers[name] = value
		}
	}
	return store.Attributes{Headers: headers}
}

func storeConditions(c *gofakes3.PutConditions) store.Conditions {
	var out store.Conditions
	if c != nil && c.IfMatch != nil {
		out.IfMatch = *c.IfMatch
	}
	if c != nil && c.IfNoneMatch != nil {
		out.IfNoneMatch = *c.IfNoneMatch
	}
	return out
}

// CopyObject copies an object, with the metadata that gofakes3 made of its own and the request's.
func (b *Backend) CopyObject(fromBucket, fromKey, toBucket, toKey string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	from, err := b.bucket(fromBucket)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	to, err := b.bucket(toBucket)
	if err != nil {
		return gofakes3.CopyObjectResult{}, err
	}
	source, content, err := from.Open(fromKey, "")
	if err != nil {
		return gofakes3.CopyObjectResult{}, refusal(err, fromBucket, fromKey)
	}
	defer func() { _ = content.Close() }() // it was only read
	object, err := to.Put(toKey, store.Write{
		Body: store.Whole(content, source.Size), Size: source.Size, Attributes: attributes(meta),
	})
	if err != nil {
		return gofakes3.CopyObjectResult{}, refusal(err, toBucket, toKey)
	}
	return gofakes3.CopyObjectResult{
		ETag: gofakes3.FormatETag(hash(object)), LastModified: gofakes3.NewContentTime(object.Modified),
	}, nil
}

// DeleteObject deletes an object, or hides it behind a delete marker where there is versioning.
func (b *Backend) DeleteObject(bucket, key string) (gofakes3.ObjectDeleteResult, error) {
	return b.delete(bucket, store.Deletion{Key: key})
}

// DeleteMulti deletes objects as DeleteObject does.
func (b *Backend) DeleteMulti(bucket string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	objects := make([]gofakes3.ObjectID, 0, len(keys))
	for _, key := range keys {
		objects = append(objects, gofakes3.ObjectID{Key: key})
	}
	return b.DeleteMultiVersions(bucket, objects...)
}

func (b *Backend) delete(bucketName string, d store.Deletion) (gofakes3.ObjectDeleteResult, error) {
	bucket, err := b.bucket(bucketName)
	if err != nil {
		return gofakes3.ObjectDeleteResult{}, err
	}
	deleted, err := bucket.Delete(d)
	if err != nil {
		return gofakes3.ObjectDeleteResult{}, refusal(err, bucketName, d.Key)
	}
	return gofakes3.ObjectDeleteResult{VersionID: versionID(bucket, deleted.Version), IsDeleteMarker: deleted.DeleteMarker}, nil
}
