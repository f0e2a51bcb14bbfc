package objects

import (
	"io"

	"github.com/johannesboyne/gofakes3"

	"github.com/velero-locations/velero-locations/simulator/store"
)

// CreateMultipartUpload starts an upload.
func (b *backend) CreateMultipartUpload(_, key string, _ map[string]string) (gofakes3.UploadID, error) {
	attributes := b.request.Attributes
	attributes.Checksums = nil // those of the parts say nothing of the object
	id, err := b.request.Bucket.CreateUpload(key, attributes)
	if err != nil {
		return "", b.fail(err)
	}
	return gofakes3.UploadID(id), nil
}

// UploadPart stores a part, and confirms its checksums.
func (b *backend) UploadPart(_, key string, id gofakes3.UploadID, number int, size int64, in io.Reader) (string, error) {
	part, err := b.request.Bucket.PutPart(key, string(id), number, in, size)
	if err != nil {
		return "", b.failWrite(err)
	}
	b.checksums = b.request.Body.Checksums()
	return `"` + part.ETag + `"`, nil
}

// AbortMultipartUpload ends an upload without an object.
func (b *backend) AbortMultipartUpload(_, key string, id gofakes3.UploadID) error {
	if err := b.request.Bucket.Abort(key, string(id)); err != nil {
		return b.fail(err)
	}
	return nil
}

// CompleteMultipartUpload makes an object of parts.
func (b *backend) CompleteMultipartUpload(_, key string, id gofakes3.UploadID, in *gofakes3.CompleteMultipartUploadRequest) (gofakes3.VersionID, string, error) {
	if len(in.Parts) == 0 {
		return "", "", gofakes3.ErrMalformedXML
	}
	chosen := make([]store.PartInfo, len(in.Parts))
	for i, part := range in.Parts {
		chosen[i] = store.PartInfo{Number: part.PartNumber, ETag: part.ETag}
	}
	conditions := store.Conditions{IfMatch: b.http.Header.Get("If-Match"), IfNoneMatch: b.http.Header.Get("If-None-Match")}
	object, err := b.request.Bucket.Complete(key, string(id), chosen, conditions)
	if err != nil {
		return "", "", b.fail(err)
	}
	return "", `"` + object.ETag + `"`, nil
}

// ListParts lists the parts of an upload after a part number.
func (b *backend) ListParts(bucket, key string, id gofakes3.UploadID, marker int, limit int64) (*gofakes3.ListMultipartUploadPartsResult, error) {
	parts, err := b.request.Bucket.Parts(key, string(id))
	if err != nil {
		return nil, b.fail(err)
	}
	out := &gofakes3.ListMultipartUploadPartsResult{
		Bucket: bucket, Key: key, UploadID: id, MaxParts: limit, PartNumberMarker: marker, StorageClass: gofakes3.StorageStandard,
	}
	for _, part := range parts {
		if part.Number <= marker {
			continue
		}
		if int64(len(out.Parts)) == limit {
			out.IsTruncated = true
			break
		}
		out.NextPartNumberMarker = part.Number
		out.Parts = append(out.Parts, gofakes3.ListMultipartUploadPartItem{
			PartNumber: part.Number, Size: part.Size, ETag: `"` + part.ETag + `"`, LastModified: gofakes3.NewContentTime(part.Modified),
		})
	}
	return out, nil
}

// ListMultipartUploads is served in front.
func (b *backend) ListMultipartUploads(string, *gofakes3.UploadListMarker, gofakes3.Prefix, int64) (*gofakes3.ListMultipartUploadsResult, error) {
	return nil, b.unreachable()
}
