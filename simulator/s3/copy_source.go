package s3

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// copySource is the header that makes a PUT a copy.
const copySource = "X-Amz-Copy-Source"

type copyResult struct {
	XMLName      xml.Name
	Xmlns        string `xml:"xmlns,attr"`
	ETag         string
	LastModified string
	Checksums    checksumElements
	ChecksumType string `xml:",omitempty"`
}

// source is what a copy reads.
type source struct {
	bucket  *store.Bucket
	key     string
	version string
	object  *store.Object
	content store.Content
}

// openSource finds and opens what x-amz-copy-source names, and holds the reader to its key and its conditions.
func (q *request) openSource() (*source, error) {
	from, err := q.findSource()
	if err != nil {
		return nil, err
	}
	from.object, from.content, err = from.bucket.Open(from.key, from.version)
	if errors.Is(err, store.ErrDeleteMarker) {
		return nil, aws.NewError(http.StatusBadRequest, "InvalidRequest", "The source of a copy request may not specifically refer to a delete marker by version id.")
	}
	if err != nil {
		return nil, refusal(err, from.key)
	}
	key, err := readCustomerKey(q.Header, sourcePrefix)
	if err == nil {
		err = key.opens(from.object.CustomerKey)
	}
	if err == nil {
		err = checkPreconditions(q.Header, "X-Amz-Copy-Source-", from.object)
	}
	if err == nil && !from.object.Readable(q.Now) {
		err = invalidObjectState("Operation is not valid for the source object's storage class", &from.object.Attributes, q.Now)
	}
	if err != nil {
		return nil, errors.Join(err, from.content.Close())
	}
	touch(from.bucket, from.object)
	return from, nil
}

// findSource finds the bucket and the key that x-amz-copy-source names.
func (q *request) findSource() (*source, error) {
	header := q.Header.Get(copySource)
	path, version, versioned := strings.Cut(header, "?versionId=")
	path, err := url.PathUnescape(path)
	name, key, found := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if err != nil || !found || name == "" || key == "" {
		return nil, aws.NewError(http.StatusBadRequest, "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey").
			With("ArgumentName", "x-amz-copy-source").With("ArgumentValue", header)
	}
	if versioned && !wellFormedVersion.MatchString(version) {
		return nil, invalidVersionID(version)
	}
	bucket, found := q.server.options.Store.Bucket(q.auth.Region, name)
	if !found {
		elsewhere := q.server.options.Store.Named(name)
		if len(elsewhere) == 0 {
			return nil, noSuchBucket(name)
		}
		bucket = elsewhere[0]
	}
	owner := q.Header.Get("X-Amz-Source-Expected-Bucket-Owner")
	if owner != "" && owner != bucket.Info().Account || !q.permits(action("GetObject", version), bucket.Info(), key, version) {
		return nil, accessDenied()
	}
	return &source{bucket: bucket, key: key, version: version}, nil
}

func (q *request) writeCopyResult(from *source, result copyResult) error {
	if from.bucket.Settings().Versioning != "" {
		q.W.Header().Set("X-Amz-Copy-Source-Version-Id", from.object.Version)
	}
	result.Xmlns, result.ETag = namespace, `"`+result.ETag+`"`
	return writeXML(q.W, result)
}
