package objects

import (
	"encoding/hex"
	"io"
	"maps"
	"net/http"

	"github.com/johannesboyne/gofakes3"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// backend is gofakes3's view of the store for one request. It remembers its error, which gofakes3 would flatten, and
// what the answer must carry besides what gofakes3 puts there.
type backend struct {
	request Request
	err     error
	headers http.Header
}

var (
	_ gofakes3.Backend          = (*backend)(nil)
	_ gofakes3.MultipartBackend = (*backend)(nil)
)

func (b *backend) fail(err error) error {
	b.err = Error(err, b.request.Key)
	return b.err
}

// BucketExists is true: the bucket was found in front.
func (b *backend) BucketExists(string) (bool, error) { return true, nil }

// HeadObject describes the object.
func (b *backend) HeadObject(_, _ string) (*gofakes3.Object, error) { return b.describe(nil), nil }

// GetObject describes the object, and opens it or a range of it. gofakes3 closes its content.
func (b *backend) GetObject(_, _ string, requested *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	object, content := b.request.Object, b.request.Content
	part, err := requested.Range(object.Size)
	if err != nil {
		_ = content.Close() // nothing was read
		return nil, err
	}
	out := b.describe(part)
	out.Contents = newSection(content, 0, object.Size)
	if part != nil {
		out.Contents = newSection(content, part.Start, part.Length)
	}
	return out, nil
}

// maxPiece bounds what is sent in one write, for which a client has a time limit, and the memory for it. On loopback, pieces
// of two to four times the size are slower by a sixth.
const maxPiece = 32 << 10

// section is the part of a content that was asked for.
type section struct {
	store.Content
	*io.SectionReader
}

func newSection(content store.Content, start, length int64) *section {
	return &section{Content: content, SectionReader: io.NewSectionReader(content, start, length)}
}

// WriteTo spares io.Copy a buffer that is larger than the content, or any. It is called at most once, and before Read.
func (s *section) WriteTo(w io.Writer) (int64, error) {
	if direct, is := s.Content.(store.RangeWriter); is {
		_, start, length := s.Outer()
		return direct.WriteRange(w, start, length, maxPiece)
	}
	buffer := make([]byte, max(1, min(s.Size(), maxPiece)))
	return io.CopyBuffer(w, s.SectionReader, buffer)
}

func (b *backend) describe(part *gofakes3.ObjectRange) *gofakes3.Object {
	object := b.request.Object
	metadata := maps.Clone(object.Headers)
	if metadata == nil {
		metadata = map[string]string{}
	}
	if metadata["Content-Type"] == "" {
		metadata["Content-Type"] = "binary/octet-stream"
	}
	metadata["Last-Modified"] = object.Modified.Format(http.TimeFormat)
	b.request.Describe(object, b.headers)
	hash, _ := hex.DecodeString(object.ETag) // not for a multipart upload's: the answer's header is set from b.headers
	return &gofakes3.Object{
		Name: object.Key, Metadata: metadata, Size: object.Size, Hash: hash, Range: part,
		Contents: io.NopCloser(http.NoBody),
	}
}

// DeleteObject deletes an object or a version.
func (b *backend) DeleteObject(_, _ string) (gofakes3.ObjectDeleteResult, error) {
	deleted, err := b.request.Bucket.Delete(b.request.Deletion)
	if err != nil {
		return gofakes3.ObjectDeleteResult{}, b.fail(err)
	}
	if deleted.Version != "" {
		b.headers.Set("X-Amz-Version-Id", deleted.Version)
	}
	if deleted.DeleteMarker {
		b.headers.Set("X-Amz-Delete-Marker", "true")
	}
	return gofakes3.ObjectDeleteResult{}, nil
}

// AbortMultipartUpload ends an upload without an object.
func (b *backend) AbortMultipartUpload(_, key string, id gofakes3.UploadID) error {
	if err := b.request.Bucket.Abort(key, string(id)); err != nil {
		return b.fail(err)
	}
	return nil
}

func (b *backend) unreachable() error {
	return b.fail(aws.NotImplemented("this operation on a bucket"))
}
