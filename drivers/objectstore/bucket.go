package objectstore

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // Content-MD5 is what buckets with object lock ask for
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"
)

// Bucket is a Store that tells of the bucket what a backup does not ask for, but what becomes of backups depends on.
type Bucket interface {
	Store

	// TryUpload writes without leaving anything, whatever the bucket keeps of what is deleted: it begins an upload in parts, sends
	// one part, and aborts. The first error is why nothing can be written, or ErrUnsupported; the second, why a part may be left.
	TryUpload(ctx context.Context, key string) (refused, left error)
	// Versioning is VersioningEnabled if the bucket keeps what is overwritten and deleted, VersioningSuspended if it keeps what it
	// had before; else it is empty.
	Versioning(ctx context.Context) (string, error)
	// Retention is how long the bucket keeps what is written from being deleted for good, as "30 days". Empty: not at all.
	Retention(ctx context.Context) (string, error)
	// Purge removes all versions of an object, and of its deletions.
	Purge(ctx context.Context, key string) error
	// Uploads lists the uploads in parts under a prefix that were neither completed nor aborted.
	Uploads(ctx context.Context, prefix string) iter.Seq2[Upload, error]
	// Skew is how far the clock of the storage is ahead of the one here, to a second or two. False: no answer has told its time.
	Skew() (time.Duration, bool)
}

// What S3 calls the versioning of a bucket that has, or had, any.
const (
	VersioningEnabled   = minio.Enabled
	VersioningSuspended = minio.Suspended
)

// Upload is one that was begun.
type Upload struct {
	Key string
	// Size is that of its parts, or of the first thousand.
	Size int64
	// Initiated is when it began.
	Initiated time.Time
}

// ErrUnsupported says that the storage has no such thing.
var ErrUnsupported = errors.New("the storage does not know it")

var _ Bucket = (*S3)(nil)

// What is asked of a bucket beside its objects.
var (
	aborting        = action{"abort the upload of", "s3:AbortMultipartUpload"}
	listingUploads  = action{"list the uploads of", "s3:ListBucketMultipartUploads"}
	readingVersions = action{"read the versioning of", "s3:GetBucketVersioning"}
	readingLock     = action{"read the object lock of", "s3:GetBucketObjectLockConfiguration"}
	purging         = action{"delete the versions of", "s3:DeleteObjectVersion and s3:ListBucketVersions"}
)

// TryUpload implements Bucket.
func (s *S3) TryUpload(ctx context.Context, key string) (refused, left error) {
	client, err := s.connect(ctx)
	if err != nil {
		return s.failed(ctx, writing, key, err), nil
	}
	core := minio.Core{Client: client}
	var options minio.PutObjectOptions
	s.addWriting(&options)
	id, err := core.NewMultipartUpload(ctx, s.opts.Bucket, key, options)
	if unsupported(err) {
		return ErrUnsupported, nil
	}
	after, cancel := afterwards(ctx)
	defer cancel()
	if err != nil {
		refused := s.failed(ctx, writing, key, err)
		if minio.ToErrorResponse(err).StatusCode == 0 { // the answer may be lost
			left = s.Abandon(after, key)
		}
		return refused, left
	}
	content := []byte("part")
	sum := md5.Sum(content) //nolint:gosec // as above
	if _, err := core.PutObjectPart(ctx, s.opts.Bucket, key, id, 1, bytes.NewReader(content), int64(len(content)),
		minio.PutObjectPartOptions{SSE: s.customerKey(), Md5Base64: base64.StdEncoding.EncodeToString(sum[:])}); err != nil {
		refused = s.failed(ctx, writing, key, err)
	}
	if err := core.AbortMultipartUpload(after, s.opts.Bucket, key, id); err != nil {
		left = s.failed(after, aborting, key, err)
	}
	return refused, left
}

// patience is how long is taken to clear away after what was interrupted.
const patience = 5 * time.Second

// afterwards is for what is to be cleared away, though its time is over.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), patience)
}

// unsupported says that the answer is that of storage that has only a part of S3.
func unsupported(err error) bool {
	var foreign *foreignError
	if errors.As(err, &foreign) {
		return true
	}
	switch minio.ToErrorResponse(err).StatusCode {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// Versioning implements Bucket.
func (s *S3) Versioning(ctx context.Context) (string, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return "", s.failed(ctx, readingVersions, "", err)
	}
	config, err := client.GetBucketVersioning(ctx, s.opts.Bucket)
	switch {
	case unsupported(err):
		return "", ErrUnsupported
	case err != nil:
		return "", s.failed(ctx, readingVersions, "", err)
	}
	return config.Status, nil
}

// Retention implements Bucket.
func (s *S3) Retention(ctx context.Context) (string, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return "", s.failed(ctx, readingLock, "", err)
	}
	_, mode, validity, unit, err := client.GetObjectLockConfig(ctx, s.opts.Bucket)
	switch {
	case minio.ToErrorResponse(err).Code == "ObjectLockConfigurationNotFoundError":
		return "", nil
	case unsupported(err):
		return "", ErrUnsupported
	case err != nil:
		return "", s.failed(ctx, readingLock, "", err)
	case mode == nil || validity == nil || unit == nil:
		return "", nil
	}
	return fmt.Sprintf("%d %s", *validity, map[minio.ValidityUnit]string{minio.Days: "days", minio.Years: "years"}[*unit]), nil
}

// Purge implements Bucket.
func (s *S3) Purge(ctx context.Context, key string) error {
	client, err := s.connect(ctx)
	if err != nil {
		return s.failed(ctx, purging, key, err)
	}
	for version := range client.ListObjectsIter(ctx, s.opts.Bucket, minio.ListObjectsOptions{Prefix: key, Recursive: true, WithVersions: true}) {
		switch {
		case version.Err != nil:
			return s.failed(ctx, purging, key, version.Err)
		case version.Key != key:
			continue
		}
		if err := client.RemoveObject(ctx, s.opts.Bucket, key, minio.RemoveObjectOptions{VersionID: version.VersionID}); err != nil {
			return s.failed(ctx, purging, key, err)
		}
	}
	if err := ctx.Err(); err != nil { // the iteration ends without an error when the context does
		return s.failed(ctx, purging, key, err)
	}
	return nil
}

// Uploads implements Bucket.
func (s *S3) Uploads(ctx context.Context, prefix string) iter.Seq2[Upload, error] {
	return func(yield func(Upload, error) bool) {
		client, err := s.connect(ctx)
		if err != nil {
			yield(Upload{}, s.failed(ctx, listingUploads, "", err))
			return
		}
		core := minio.Core{Client: client}
		var key, id string
		for {
			page, err := core.ListMultipartUploads(ctx, s.opts.Bucket, prefix, key, id, "", 0)
			if unsupported(err) {
				yield(Upload{}, ErrUnsupported)
				return
			}
			if err != nil {
				yield(Upload{}, s.failed(ctx, listingUploads, "", err))
				return
			}
			for _, begun := range page.Uploads {
				upload, err := s.measure(ctx, core, begun)
				if !yield(upload, err) || err != nil {
					return
				}
			}
			if !page.IsTruncated || page.NextKeyMarker == key && page.NextUploadIDMarker == id {
				return
			}
			key, id = page.NextKeyMarker, page.NextUploadIDMarker
		}
	}
}

// measure adds up the parts of an upload, which may be gone by now.
func (s *S3) measure(ctx context.Context, core minio.Core, begun minio.ObjectMultipartInfo) (Upload, error) {
	upload := Upload{Key: begun.Key, Initiated: begun.Initiated}
	parts, err := core.ListObjectParts(ctx, s.opts.Bucket, begun.Key, begun.UploadID, 0, 0)
	switch code := minio.ToErrorResponse(err).StatusCode; {
	case code == http.StatusNotFound, code == http.StatusForbidden:
		return upload, nil
	case err != nil:
		return upload, s.failed(ctx, listingUploads, "", err)
	}
	for _, part := range parts.ObjectParts {
		upload.Size += part.Size
	}
	return upload, nil
}

// Skew implements Bucket.
func (s *S3) Skew() (time.Duration, bool) {
	if skew := s.skew.Load(); skew != nil {
		return *skew, true
	}
	return 0, false
}

// clocked is a transport that notes how far the clock of who answers is ahead.
type clocked struct {
	http.RoundTripper

	store *S3
}

// RoundTrip implements http.RoundTripper.
func (c clocked) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := time.Now()
	resp, err := c.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err // as the transport's own
	}
	if told, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		here := sent.Add(time.Since(sent) / 2)
		skew := told.Add(time.Second / 2).Sub(here) // which is to the second
		c.store.skew.Store(&skew)
	}
	return resp, nil
}
