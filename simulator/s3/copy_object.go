package s3

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/payload"
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

// copyObject is CopyObject: the source may be in any region, and must be the signer's too.
func copyObject(q *request) error {
	from, err := q.openSource()
	if err != nil {
		return err
	}
	copied, key, err := q.copy(from)
	if err = errors.Join(err, from.content.Close()); err != nil {
		return refusal(err, q.key)
	}
	q.describe(copied, key, q.w.Header())
	q.w.Header().Del("ETag")
	return q.writeCopyResult(from, copyResult{
		XMLName: xml.Name{Local: "CopyObjectResult"}, ETag: copied.ETag, LastModified: formatTime(copied.Modified),
		Checksums: copied.Checksums, ChecksumType: checksumTypeOf(copied),
	})
}

func (q *request) copy(from *source) (*store.Object, customerKey, error) {
	attributes, key, err := q.attributes(q.Header)
	if err != nil {
		return nil, key, err
	}
	metadata, tags := q.Header.Get("X-Amz-Metadata-Directive"), q.Header.Get("X-Amz-Tagging-Directive")
	if err := checkDirectives(metadata, tags); err != nil {
		return nil, key, err
	}
	changesNothing := metadata != "REPLACE" && q.Header.Get("X-Amz-Storage-Class") == "" && q.Header.Get(sseHeader) == "" &&
		key.hash == "" && from.object.CustomerKey == "" && from.version == "" && q.Header.Get("X-Amz-Website-Redirect-Location") == ""
	if from.bucket == q.bucket && from.key == q.key && changesNothing {
		return nil, key, aws.NewError(http.StatusBadRequest, "InvalidRequest",
			"This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	if metadata != "REPLACE" {
		attributes.Headers = inherited(from.object.Headers, attributes.Headers)
	}
	if tags != "REPLACE" {
		attributes.Tags = from.object.Tags
	}
	body := payload.NewStream(io.NewSectionReader(from.content, 0, from.object.Size))
	if err := q.computeCopyChecksums(from.object, body); err != nil {
		return nil, key, err
	}
	object, err := q.bucket.Put(q.key, store.Write{
		Body: body, Size: from.object.Size, Attributes: attributes, Checksums: body.Checksums, Conditions: conditions(q.Header),
	})
	return object, key, err
}

// computeCopyChecksums makes the checksum that the request asks for, or those that the source has. They are of the full
// object, also when the source's were made of its parts'.
func (q *request) computeCopyChecksums(from *store.Object, body *payload.Body) error {
	algorithm, err := requestedAlgorithm(q.Header)
	if err != nil {
		return err
	}
	if algorithm != "" {
		return body.Compute(algorithm)
	}
	for header := range from.Checksums {
		algorithm, _ := payload.ChecksumAlgorithm(header)
		if err := body.Compute(algorithm); err != nil {
			return err
		}
	}
	return nil
}

func checkDirectives(directives ...string) error {
	for _, directive := range directives {
		if directive != "" && directive != "COPY" && directive != "REPLACE" {
			return invalidArgument("x-amz-metadata-directive", directive, "Unknown metadata directive.")
		}
	}
	return nil
}

// inherited returns the headers of a copy that keeps the source's metadata: encryption and storage class are never kept.
func inherited(source, given map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range source {
		if !slices.Contains(ownHeaders, name) {
			out[name] = value
		}
	}
	for _, name := range ownHeaders {
		if value := given[name]; value != "" {
			out[name] = value
		}
	}
	return out
}

// ownHeaders are those that a copy has from its request in any case.
var ownHeaders = []string{sseHeader, kmsKeyHeader, bucketKeyHeader, "X-Amz-Storage-Class", "X-Amz-Website-Redirect-Location"}

var copyRange = regexp.MustCompile(`^bytes=(\d{1,18})-(\d{1,18})$`)

// uploadPartCopy is UploadPartCopy: a part whose content is a range of another object.
func uploadPartCopy(q *request) error {
	number, upload, err := q.part()
	if err != nil {
		return err
	}
	from, err := q.openSource()
	if err != nil {
		return err
	}
	part, err := q.copyPart(from, number, upload)
	if err = errors.Join(err, from.content.Close()); err != nil {
		return refusal(err, q.key)
	}
	return q.writeCopyResult(from, copyResult{
		XMLName: xml.Name{Local: "CopyPartResult"}, ETag: part.ETag, LastModified: formatTime(part.Modified), Checksums: part.Checksums,
	})
}

func (q *request) copyPart(from *source, number int, upload store.UploadInfo) (store.PartInfo, error) {
	start, size, err := parseCopyRange(q.Header.Get("X-Amz-Copy-Source-Range"), from.object.Size)
	if err != nil {
		return store.PartInfo{}, err
	}
	body := payload.NewStream(io.NewSectionReader(from.content, start, size))
	if upload.ChecksumAlgorithm != "" {
		if err := body.Compute(upload.ChecksumAlgorithm); err != nil {
			return store.PartInfo{}, err
		}
	}
	return q.bucket.PutPart(q.key, upload.ID, number, store.Write{Body: body, Size: size, Checksums: body.Checksums})
}

func parseCopyRange(value string, size int64) (from, length int64, err error) {
	if value == "" {
		return 0, size, nil
	}
	invalid := aws.NewError(http.StatusBadRequest, "InvalidArgument",
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
	if err != nil {
		return nil, errors.Join(err, from.content.Close())
	}
	return from, nil
}

// findSource finds the bucket and the key that x-amz-copy-source names.
func (q *request) findSource() (*source, error) {
	header := q.Header.Get(copySource)
	path, version, _ := strings.Cut(header, "?versionId=")
	path, err := url.PathUnescape(path)
	name, key, found := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if err != nil || !found || name == "" || key == "" {
		return nil, aws.NewError(http.StatusBadRequest, "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey").
			With("ArgumentName", "x-amz-copy-source").With("ArgumentValue", header)
	}
	bucket, found := q.server.options.Store.Bucket(q.auth.Region, name)
	if !found {
		elsewhere := q.server.options.Store.Named(name)
		if len(elsewhere) == 0 {
			return nil, noSuchBucket(name)
		}
		bucket = elsewhere[0]
	}
	if !q.permits(action("GetObject", version), bucket.Info(), key) {
		return nil, accessDenied()
	}
	return &source{bucket: bucket, key: key, version: version}, nil
}

func (q *request) writeCopyResult(from *source, result copyResult) error {
	if from.bucket.Settings().Versioning != "" {
		q.w.Header().Set("X-Amz-Copy-Source-Version-Id", from.object.Version)
	}
	result.Xmlns, result.ETag = namespace, `"`+result.ETag+`"`
	return writeXML(q.w, result)
}

// timeFormat is how S3 writes times in its documents.
const timeFormat = "2006-01-02T15:04:05.000Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }
