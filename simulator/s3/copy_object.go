package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/s3/objects"
	"github.com/velero-locations/velero-locations/simulator/store"
	"github.com/velero-locations/velero-locations/simulator/wire"
)

type copyResult struct {
	XMLName      xml.Name
	Xmlns        string `xml:"xmlns,attr"`
	ETag         string
	LastModified string
}

// copyObject is CopyObject: the source may be in any region, and must be the signer's too.
func copyObject(q *request) error {
	bucket, key, err := q.copySource()
	if err != nil {
		return err
	}
	replace := q.Header.Get("X-Amz-Metadata-Directive") == "REPLACE"
	if bucket == q.bucket && key == q.key && !replace {
		return wire.NewError(http.StatusBadRequest, "InvalidRequest",
			"This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	source, content, err := q.openSource(bucket, key)
	if err != nil {
		return err
	}
	headers := source.Headers
	if replace {
		if headers, err = objectHeaders(q.Header); err != nil {
			return errors.Join(err, content.Close())
		}
	}
	attributes := store.Attributes{Headers: headers, Checksums: func() map[string]string { return source.Checksums }}
	conditions := store.Conditions{IfMatch: q.Header.Get("If-Match"), IfNoneMatch: q.Header.Get("If-None-Match")}
	copied, err := q.bucket.Put(q.key, io.NewSectionReader(content, 0, source.Size), source.Size, attributes, conditions)
	if err = errors.Join(err, content.Close()); err != nil {
		return objects.Error(err, q.key)
	}
	return q.writeCopyResult("CopyObjectResult", copied.ETag, copied.Modified)
}

var copyRange = regexp.MustCompile(`^bytes=(\d{1,18})-(\d{1,18})$`)

// uploadPartCopy is UploadPartCopy: a part whose content is a range of another object.
func uploadPartCopy(q *request) error {
	bucket, key, err := q.copySource()
	if err != nil {
		return err
	}
	source, content, err := q.openSource(bucket, key)
	if err != nil {
		return err
	}
	from, size, err := parseCopyRange(q.Header.Get("X-Amz-Copy-Source-Range"), source.Size)
	if err != nil {
		return errors.Join(err, content.Close())
	}
	query := q.URL.Query()
	number, _ := strconv.Atoi(query.Get("partNumber")) // checked by uploadPart
	part, err := q.bucket.PutPart(q.key, query.Get("uploadId"), number, io.NewSectionReader(content, from, size), size)
	if err = errors.Join(err, content.Close()); err != nil {
		return objects.Error(err, q.key)
	}
	return q.writeCopyResult("CopyPartResult", part.ETag, part.Modified)
}

func parseCopyRange(value string, size int64) (from, length int64, err error) {
	if value == "" {
		return 0, size, nil
	}
	invalid := wire.NewError(http.StatusBadRequest, "InvalidArgument",
		"The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy").
		With("ArgumentName", "x-amz-copy-source-range").With("ArgumentValue", value)
	parts := copyRange.FindStringSubmatch(value)
	if parts == nil {
		return 0, 0, invalid
	}
	from, _ = strconv.ParseInt(parts[1], 10, 64)
	to, _ := strconv.ParseInt(parts[2], 10, 64)
	if from > to || to >= size {
		return 0, 0, invalid
	}
	return from, to - from + 1, nil
}

// copySource finds the bucket and the key that x-amz-copy-source names.
func (q *request) copySource() (*store.Bucket, string, error) {
	header := q.Header.Get("X-Amz-Copy-Source")
	path, version, _ := strings.Cut(header, "?versionId=")
	path, err := url.PathUnescape(path)
	name, key, found := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if err != nil || !found || name == "" || key == "" {
		return nil, "", wire.NewError(http.StatusBadRequest, "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey").
			With("ArgumentName", "x-amz-copy-source").With("ArgumentValue", header)
	}
	if version != "" && version != "null" {
		return nil, "", wire.NewError(http.StatusNotFound, "NoSuchVersion", "The specified version does not exist.")
	}
	bucket, found := q.server.options.Store.Bucket(q.auth.Region, name)
	if !found {
		elsewhere := q.server.options.Store.Named(name)
		if len(elsewhere) == 0 {
			return nil, "", noSuchBucket(name)
		}
		bucket = elsewhere[0]
	}
	if !q.permits(servicePrefix+"GetObject", bucket.Info(), key) {
		return nil, "", accessDenied()
	}
	return bucket, key, nil
}

func (q *request) openSource(bucket *store.Bucket, key string) (*store.Object, store.Content, error) {
	source, content, err := bucket.Open(key)
	if err != nil {
		return nil, nil, objects.Error(err, key)
	}
	if err := objects.Preconditions(q.Header, "X-Amz-Copy-Source-", source); err != nil {
		return nil, nil, errors.Join(err, content.Close())
	}
	return source, content, nil
}

func (q *request) writeCopyResult(element, etag string, modified time.Time) error {
	return wire.WriteXML(q.w, copyResult{
		XMLName: xml.Name{Local: element}, Xmlns: wire.Namespace, ETag: `"` + etag + `"`, LastModified: formatTime(modified),
	})
}

// formatTime is how S3 writes times in its documents.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
