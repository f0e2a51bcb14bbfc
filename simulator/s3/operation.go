package s3

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/wire"
)

// operation is one operation of S3: how a request for it looks, what it needs, and who answers it.
type operation struct {
	name   string
	method string
	level  level
	// sub is the query parameter, a sub-resource, that makes the request one for this operation.
	sub string
	// params are the other query parameters that the operation knows.
	params []string
	needs  needs
	handle func(*request) error
}

// level is what a path names.
type level int

const (
	serviceLevel level = iota
	bucketLevel
	objectLevel
)

// needs says what is prepared for an operation.
type needs int

const (
	// ownBucket: the bucket is there, in this region, and the signer's.
	ownBucket needs = 1 << iota
	// stream: the body is the content of an object; otherwise it is small and read before the operation starts.
	stream
	// checksum: x-amz-checksum- headers describe the body.
	checksum
)

// maxDocument bounds a body that is not an object's content: a list of 10 000 parts with their checksums.
const maxDocument = 8 << 20

// operationAny stands for an operation that is not known, to find out about the bucket before it is refused.
var operationAny = operation{needs: ownBucket}

var responseParams = []string{
	"response-content-type", "response-content-language", "response-expires", "response-cache-control",
	"response-content-disposition", "response-content-encoding",
}

// operations are tried in order: those with a sub-resource before the one without.
var operations = []operation{
	{"ListBuckets", http.MethodGet, serviceLevel, "", []string{"prefix", "bucket-region", "max-buckets", "continuation-token"}, 0, listBuckets},

	{"GetBucketLocation", http.MethodGet, bucketLevel, "location", nil, 0, getBucketLocation},
	{"GetBucketVersioning", http.MethodGet, bucketLevel, "versioning", nil, ownBucket, getBucketVersioning},
	{"ListMultipartUploads", http.MethodGet, bucketLevel, "uploads", []string{"prefix", "delimiter", "key-marker", "upload-id-marker", "max-uploads", "encoding-type"}, ownBucket, listMultipartUploads},
	{"ListObjectsV2", http.MethodGet, bucketLevel, "list-type", []string{"prefix", "delimiter", "max-keys", "continuation-token", "start-after", "fetch-owner", "encoding-type", "metadata"}, ownBucket, listObjectsV2},
	{"ListObjects", http.MethodGet, bucketLevel, "", []string{"prefix", "delimiter", "max-keys", "marker", "encoding-type"}, ownBucket, listObjects},
	{"HeadBucket", http.MethodHead, bucketLevel, "", nil, ownBucket, headBucket},
	{"CreateBucket", http.MethodPut, bucketLevel, "", nil, 0, createBucket},
	{"DeleteBucket", http.MethodDelete, bucketLevel, "", nil, ownBucket, deleteBucket},
	{"DeleteObjects", http.MethodPost, bucketLevel, "delete", nil, ownBucket | checksum, serveObjects},

	{"ListParts", http.MethodGet, objectLevel, "uploadId", []string{"max-parts", "part-number-marker"}, ownBucket, serveObjects},
	{"UploadPart", http.MethodPut, objectLevel, "uploadId", []string{"partNumber"}, ownBucket | stream | checksum, uploadPart},
	{"CompleteMultipartUpload", http.MethodPost, objectLevel, "uploadId", nil, ownBucket, serveObjects},
	{"AbortMultipartUpload", http.MethodDelete, objectLevel, "uploadId", nil, ownBucket, serveObjects},
	{"CreateMultipartUpload", http.MethodPost, objectLevel, "uploads", nil, ownBucket, writeObject},
	{"GetObject", http.MethodGet, objectLevel, "", append([]string{"versionId"}, responseParams...), ownBucket, serveObjects},
	{"HeadObject", http.MethodHead, objectLevel, "", append([]string{"versionId"}, responseParams...), ownBucket, serveObjects},
	{"PutObject", http.MethodPut, objectLevel, "", nil, ownBucket | stream | checksum, putObject},
	{"DeleteObject", http.MethodDelete, objectLevel, "", []string{"versionId"}, ownBucket, serveObjects},
}

// notConfigured is what S3 answers to a GET of a bucket's configuration that was never set.
var notConfigured = map[string]*wire.Error{
	"policy":            wire.NewError(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist"),
	"policyStatus":      wire.NewError(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist"),
	"tagging":           wire.NewError(http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist"),
	"lifecycle":         wire.NewError(http.StatusNotFound, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
	"cors":              wire.NewError(http.StatusNotFound, "NoSuchCORSConfiguration", "The CORS configuration does not exist"),
	"encryption":        wire.NewError(http.StatusNotFound, "ServerSideEncryptionConfigurationNotFoundError", "The server side encryption configuration was not found"),
	"object-lock":       wire.NewError(http.StatusNotFound, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket"),
	"publicAccessBlock": wire.NewError(http.StatusNotFound, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found"),
	"ownershipControls": wire.NewError(http.StatusNotFound, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found"),
	"replication":       wire.NewError(http.StatusNotFound, "ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
	"website":           wire.NewError(http.StatusNotFound, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
}

func (q *request) level() level {
	switch {
	case q.name == "":
		return serviceLevel
	case q.key == "":
		return bucketLevel
	}
	return objectLevel
}

// operation finds the operation that a request asks for. A query parameter that it does not know never falls through to
// another operation: it may be a sub-resource, and PUT ?tagging must not write the object itself.
func (q *request) operation() (operation, error) {
	query, at := q.URL.Query(), q.level()
	known := false
	for _, op := range operations {
		if op.level == at && op.method == q.Method && (op.sub == "" || query.Has(op.sub)) {
			known = true
			if len(op.unknown(query)) == 0 {
				return op, nil
			}
		}
	}
	if q.Method == http.MethodGet && at == bucketLevel {
		for name, e := range notConfigured {
			if query.Has(name) {
				return operation{}, wire.NewError(e.Status, e.Code, e.Message).With("BucketName", q.name)
			}
		}
	}
	if !known && len((operation{}).unknown(query)) == 0 {
		return operation{}, wire.NewError(http.StatusMethodNotAllowed, "MethodNotAllowed",
			"The specified method is not allowed against this resource.").
			With("Method", q.Method).With("ResourceType", [...]string{"SERVICE", "BUCKET", "OBJECT"}[at])
	}
	return operation{}, wire.NotImplemented(strings.Join((operation{}).unknown(query), ", "))
}

// unknown returns the query parameters that the operation does not know, sorted. S3 ignores those that begin with x-,
// and a presigned URL has its own.
func (o operation) unknown(query url.Values) []string {
	var out []string
	for name := range query {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-") || name == o.sub && name != "" || slices.Contains(o.params, name) {
			continue
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// openBody prepares the request's body. One that is not an object's content is read to its end first, so that nothing
// is done before its signed hash is known to be right.
func (q *request) openBody(op operation) error {
	body, err := wire.NewBody(q.Request, q.auth, q.signer.Secret, op.needs&checksum != 0)
	if err != nil {
		return err
	}
	q.body = body
	if op.needs&stream != 0 {
		if body.Size < 0 {
			return wire.NewError(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
		}
		return nil
	}
	document, err := io.ReadAll(io.LimitReader(body, maxDocument+1))
	if err != nil {
		return err
	}
	if len(document) > maxDocument {
		return wire.NewError(http.StatusBadRequest, "MaxMessageLengthExceeded", "Your request was too big.")
	}
	q.body = wire.BytesBody(document)
	return nil
}

// document returns the body of a request whose body is not streamed.
func (q *request) document() ([]byte, error) {
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(q.body); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return buf.Bytes(), nil
}
