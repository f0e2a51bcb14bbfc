package objects

import (
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"net/http"

	"github.com/johannesboyne/gofakes3"

	"github.com/velero-locations/velero-locations/simulator/store"
	"github.com/velero-locations/velero-locations/simulator/wire"
)

// maxDeletes is how many keys DeleteObjects takes, as S3 documents it.
const maxDeletes = 1000

// backend is gofakes3's view of the store for one request. It remembers its error, which gofakes3 would flatten, and
// what the answer must carry besides what gofakes3 puts there.
type backend struct {
	request   Request
	http      *http.Request
	err       error
	etag      string
	checksums map[string]string
}

var (
	_ gofakes3.Backend          = (*backend)(nil)
	_ gofakes3.MultipartBackend = (*backend)(nil)
)

func (b *backend) fail(err error) error {
	b.err = Error(err, b.request.Key)
	return b.err
}

// Error translates what the store refuses into S3's words; other errors stay as they are.
func Error(err error, key string) error {
	for _, known := range []struct {
		err           error
		status        int
		code, message string
	}{
		{store.ErrNoSuchKey, http.StatusNotFound, "NoSuchKey", "The specified key does not exist."},
		{store.ErrNoSuchBucket, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"},
		{store.ErrNoSuchUpload, http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."},
		{store.ErrInvalidPart, http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."},
		{store.ErrPartOrder, http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number."},
		{store.ErrPartTooSmall, http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"},
		{store.ErrPrecondition, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"},
	} {
		if errors.Is(err, known.err) {
			e := wire.NewError(known.status, known.code, known.message)
			if known.code == "NoSuchKey" {
				return e.With("Key", key)
			}
			return e
		}
	}
	return err
}

// BucketExists is true: the bucket was found in front.
func (b *backend) BucketExists(string) (bool, error) { return true, nil }

// HeadObject describes an object.
func (b *backend) HeadObject(_, key string) (*gofakes3.Object, error) {
	object, err := b.request.Bucket.Get(key)
	if err != nil {
		return nil, b.fail(err)
	}
	return b.describe(object, nil), nil
}

// GetObject opens an object, or a range of it.
func (b *backend) GetObject(_, key string, requested *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	object, content, err := b.request.Bucket.Open(key)
	if err != nil {
		return nil, b.fail(err)
	}
	part, err := requested.Range(object.Size)
	if err != nil {
		_ = content.Close() // nothing was read
		return nil, err
	}
	out := b.describe(object, part)
	out.Contents = &section{Content: content, reader: io.NewSectionReader(content, 0, object.Size)}
	if part != nil {
		out.Contents = &section{Content: content, reader: io.NewSectionReader(content, part.Start, part.Length)}
	}
	return out, nil
}

type section struct {
	store.Content
	reader io.Reader
}

// Read reads the part of the content that was asked for.
func (s *section) Read(p []byte) (int, error) { return s.reader.Read(p) }

func (b *backend) describe(object *store.Object, part *gofakes3.ObjectRange) *gofakes3.Object {
	metadata := maps.Clone(object.Headers)
	if metadata == nil {
		metadata = map[string]string{}
	}
	if metadata["Content-Type"] == "" {
		metadata["Content-Type"] = "binary/octet-stream"
	}
	metadata["Last-Modified"] = object.Modified.Format(http.TimeFormat)
	if part == nil && b.http.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		b.checksums = object.Checksums
	}
	b.etag = object.ETag
	hash, _ := hex.DecodeString(object.ETag) // not for a multipart upload's: the answer's header is set from b.etag
	return &gofakes3.Object{
		Name: object.Key, Metadata: metadata, Size: object.Size, Hash: hash, Range: part,
		Contents: io.NopCloser(http.NoBody),
	}
}

// PutObject stores an object with the attributes that the front made out.
func (b *backend) PutObject(_, key string, _ map[string]string, in io.Reader, size int64, given *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	object, err := b.request.Bucket.Put(key, in, size, b.request.Attributes, putConditions(given))
	if err != nil {
		return gofakes3.PutObjectResult{}, b.failWrite(err)
	}
	b.etag, b.checksums = object.ETag, object.Checksums
	return gofakes3.PutObjectResult{}, nil
}

// failWrite leaves gofakes3's own errors, which its reader of Content-MD5 raises, to gofakes3.
func (b *backend) failWrite(err error) error {
	var own gofakes3.ErrorCode
	if errors.As(err, &own) {
		return own
	}
	return b.fail(err)
}

func putConditions(given *gofakes3.PutConditions) store.Conditions {
	var out store.Conditions
	if given != nil && given.IfMatch != nil {
		out.IfMatch = *given.IfMatch
	}
	if given != nil && given.IfNoneMatch != nil {
		out.IfNoneMatch = *given.IfNoneMatch
	}
	return out
}

// DeleteObject deletes an object.
func (b *backend) DeleteObject(_, key string) (gofakes3.ObjectDeleteResult, error) {
	if err := b.request.Bucket.Delete(key); err != nil {
		return gofakes3.ObjectDeleteResult{}, b.fail(err)
	}
	return gofakes3.ObjectDeleteResult{}, nil
}

// DeleteMulti deletes objects one by one, as S3's DeleteObjects does: what fails does not stop the rest.
func (b *backend) DeleteMulti(_ string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var out gofakes3.MultiDeleteResult
	if len(keys) == 0 || len(keys) > maxDeletes {
		return out, gofakes3.ErrMalformedXML
	}
	for _, key := range keys {
		if err := b.request.Bucket.Delete(key); err != nil {
			out.Error = append(out.Error, gofakes3.ErrorResult{Key: key, Code: gofakes3.ErrInternal, Message: "We encountered an internal error. Please try again."})
			continue
		}
		out.Deleted = append(out.Deleted, gofakes3.ObjectID{Key: key})
	}
	return out, nil
}

// The operations below are served in front of gofakes3, which must not be reached for them.

func (b *backend) unreachable() error {
	return b.fail(wire.NotImplemented("this operation on a bucket"))
}

// ListBuckets is served in front.
func (b *backend) ListBuckets() ([]gofakes3.BucketInfo, error) { return nil, b.unreachable() }

// CreateBucket is served in front.
func (b *backend) CreateBucket(string) error { return b.unreachable() }

// DeleteBucket is served in front.
func (b *backend) DeleteBucket(string) error { return b.unreachable() }

// ForceDeleteBucket is no operation of S3.
func (b *backend) ForceDeleteBucket(string) error { return b.unreachable() }

// ListBucket is served in front.
func (b *backend) ListBucket(string, *gofakes3.Prefix, gofakes3.ListBucketPage) (*gofakes3.ObjectList, error) {
	return nil, b.unreachable()
}

// CopyObject is served in front.
func (b *backend) CopyObject(_, _, _, _ string, _ map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObjectResult{}, b.unreachable()
}
