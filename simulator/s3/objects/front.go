package objects

import (
	"io"

	"github.com/johannesboyne/gofakes3"
)

// The operations below are served in front of gofakes3, which must not be reached for them.

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

// PutObject is served in front.
func (b *backend) PutObject(_, _ string, _ map[string]string, _ io.Reader, _ int64, _ *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	return gofakes3.PutObjectResult{}, b.unreachable()
}

// UploadPart is served in front.
func (b *backend) UploadPart(_, _ string, _ gofakes3.UploadID, _ int, _ int64, _ io.Reader) (string, error) {
	return "", b.unreachable()
}

// CopyObject is served in front.
func (b *backend) CopyObject(_, _, _, _ string, _ map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObjectResult{}, b.unreachable()
}

// DeleteMulti is served in front.
func (b *backend) DeleteMulti(string, ...string) (gofakes3.MultiDeleteResult, error) {
	return gofakes3.MultiDeleteResult{}, b.unreachable()
}

// CreateMultipartUpload is served in front.
func (b *backend) CreateMultipartUpload(_, _ string, _ map[string]string) (gofakes3.UploadID, error) {
	return "", b.unreachable()
}

// CompleteMultipartUpload is served in front.
func (b *backend) CompleteMultipartUpload(_, _ string, _ gofakes3.UploadID, _ *gofakes3.CompleteMultipartUploadRequest) (gofakes3.VersionID, string, error) {
	return "", "", b.unreachable()
}

// ListParts is served in front.
func (b *backend) ListParts(_, _ string, _ gofakes3.UploadID, _ int, _ int64) (*gofakes3.ListMultipartUploadPartsResult, error) {
	return nil, b.unreachable()
}

// ListMultipartUploads is served in front.
func (b *backend) ListMultipartUploads(string, *gofakes3.UploadListMarker, gofakes3.Prefix, int64) (*gofakes3.ListMultipartUploadsResult, error) {
	return nil, b.unreachable()
}
