package s3

import (
	"net/http"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/payload"
)

// operation is one operation of S3: how a request for it looks, what it needs, and who answers it.
type operation struct {
	name   string
	method string
	level  level
	// sub is the query parameter, a sub-resource, that makes the request one for this operation.
	sub string
	// params are the other sub-resources that the operation knows.
	params []string
	needs  needs
	handle func(*request) error
	// with is another parameter that it needs; empty for none.
	with string
	// header, if there is one, makes the request one for this operation as well.
	header string
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

var (
	readParams    = []string{"versionId", "partNumber"}
	versionParams = []string{"versionId"}
)

// operations are tried in order: those with a sub-resource or a header before the one without. Names are AWS's.
var operations = []operation{
	{name: "ListBuckets", method: http.MethodGet, level: serviceLevel, handle: listBuckets},

	{name: "GetBucketLocation", method: http.MethodGet, level: bucketLevel, sub: "location", handle: getBucketLocation},
	{name: "GetBucketVersioning", method: http.MethodGet, level: bucketLevel, sub: "versioning", needs: ownBucket, handle: getBucketVersioning},
	{name: "PutBucketVersioning", method: http.MethodPut, level: bucketLevel, sub: "versioning", needs: ownBucket | checksum, handle: putBucketVersioning},
	{name: "GetBucketTagging", method: http.MethodGet, level: bucketLevel, sub: "tagging", needs: ownBucket, handle: getBucketTagging},
	{name: "PutBucketTagging", method: http.MethodPut, level: bucketLevel, sub: "tagging", needs: ownBucket | checksum, handle: putBucketTagging},
	{name: "DeleteBucketTagging", method: http.MethodDelete, level: bucketLevel, sub: "tagging", needs: ownBucket, handle: deleteBucketTagging},
	{name: "GetBucketEncryption", method: http.MethodGet, level: bucketLevel, sub: "encryption", needs: ownBucket, handle: getBucketEncryption},
	{name: "PutBucketEncryption", method: http.MethodPut, level: bucketLevel, sub: "encryption", needs: ownBucket | checksum, handle: putBucketEncryption},
	{name: "DeleteBucketEncryption", method: http.MethodDelete, level: bucketLevel, sub: "encryption", needs: ownBucket, handle: deleteBucketEncryption},
	{name: "GetObjectLockConfiguration", method: http.MethodGet, level: bucketLevel, sub: "object-lock", needs: ownBucket, handle: getObjectLockConfiguration},
	{name: "PutObjectLockConfiguration", method: http.MethodPut, level: bucketLevel, sub: "object-lock", needs: ownBucket | checksum, handle: putObjectLockConfiguration},
	{name: "GetBucketPolicy", method: http.MethodGet, level: bucketLevel, sub: "policy", needs: ownBucket, handle: getBucketPolicy},
	{name: "PutBucketPolicy", method: http.MethodPut, level: bucketLevel, sub: "policy", needs: ownBucket | checksum, handle: putBucketPolicy},
	{name: "DeleteBucketPolicy", method: http.MethodDelete, level: bucketLevel, sub: "policy", needs: ownBucket, handle: deleteBucketPolicy},
	{name: "GetBucketPolicyStatus", method: http.MethodGet, level: bucketLevel, sub: "policyStatus", needs: ownBucket, handle: getBucketPolicyStatus},
	{name: "GetBucketCors", method: http.MethodGet, level: bucketLevel, sub: "cors", needs: ownBucket, handle: getBucketCORS},
	{name: "PutBucketCors", method: http.MethodPut, level: bucketLevel, sub: "cors", needs: ownBucket | checksum, handle: putBucketCORS},
	{name: "DeleteBucketCors", method: http.MethodDelete, level: bucketLevel, sub: "cors", needs: ownBucket, handle: deleteBucketCORS},
	{name: "GetBucketLifecycleConfiguration", method: http.MethodGet, level: bucketLevel, sub: "lifecycle", needs: ownBucket, handle: getBucketLifecycle},
	{name: "PutBucketLifecycleConfiguration", method: http.MethodPut, level: bucketLevel, sub: "lifecycle", needs: ownBucket | checksum, handle: putBucketLifecycle},
	{name: "DeleteBucketLifecycle", method: http.MethodDelete, level: bucketLevel, sub: "lifecycle", needs: ownBucket, handle: deleteBucketLifecycle},
	{name: "GetBucketLogging", method: http.MethodGet, level: bucketLevel, sub: "logging", needs: ownBucket, handle: neverConfigured(neverLogged)},
	{name: "GetBucketAccelerateConfiguration", method: http.MethodGet, level: bucketLevel, sub: "accelerate", needs: ownBucket, handle: neverConfigured(neverAccelerated)},
	{name: "GetBucketRequestPayment", method: http.MethodGet, level: bucketLevel, sub: "requestPayment", needs: ownBucket, handle: neverConfigured(ownerPays)},
	{name: "GetBucketIntelligentTieringConfiguration", method: http.MethodGet, level: bucketLevel, sub: "intelligent-tiering", with: "id", needs: ownBucket, handle: getBucketTiering},
	{name: "ListBucketIntelligentTieringConfigurations", method: http.MethodGet, level: bucketLevel, sub: "intelligent-tiering", needs: ownBucket, handle: listBucketTiering},
	{name: "PutBucketIntelligentTieringConfiguration", method: http.MethodPut, level: bucketLevel, sub: "intelligent-tiering", needs: ownBucket | checksum, handle: putBucketTiering},
	{name: "DeleteBucketIntelligentTieringConfiguration", method: http.MethodDelete, level: bucketLevel, sub: "intelligent-tiering", needs: ownBucket, handle: deleteBucketTiering},
	{name: "GetBucketNotificationConfiguration", method: http.MethodGet, level: bucketLevel, sub: "notification", needs: ownBucket, handle: getBucketNotification},
	{name: "PutBucketNotificationConfiguration", method: http.MethodPut, level: bucketLevel, sub: "notification", needs: ownBucket | checksum, handle: putBucketNotification},
	{name: "GetPublicAccessBlock", method: http.MethodGet, level: bucketLevel, sub: "publicAccessBlock", needs: ownBucket, handle: getPublicAccessBlock},
	{name: "PutPublicAccessBlock", method: http.MethodPut, level: bucketLevel, sub: "publicAccessBlock", needs: ownBucket | checksum, handle: putPublicAccessBlock},
	{name: "DeletePublicAccessBlock", method: http.MethodDelete, level: bucketLevel, sub: "publicAccessBlock", needs: ownBucket, handle: deletePublicAccessBlock},
	{name: "GetBucketOwnershipControls", method: http.MethodGet, level: bucketLevel, sub: "ownershipControls", needs: ownBucket, handle: getBucketOwnershipControls},
	{name: "PutBucketOwnershipControls", method: http.MethodPut, level: bucketLevel, sub: "ownershipControls", needs: ownBucket | checksum, handle: putBucketOwnershipControls},
	{name: "DeleteBucketOwnershipControls", method: http.MethodDelete, level: bucketLevel, sub: "ownershipControls", needs: ownBucket, handle: deleteBucketOwnershipControls},
	{name: "GetBucketAcl", method: http.MethodGet, level: bucketLevel, sub: "acl", needs: ownBucket, handle: getACL},
	{name: "PutBucketAcl", method: http.MethodPut, level: bucketLevel, sub: "acl", needs: ownBucket | checksum, handle: putACL},
	{name: "ListMultipartUploads", method: http.MethodGet, level: bucketLevel, sub: "uploads", needs: ownBucket, handle: listMultipartUploads},
	{name: "ListObjectVersions", method: http.MethodGet, level: bucketLevel, sub: "versions", needs: ownBucket, handle: listObjectVersions},
	{name: "ListObjectsV2", method: http.MethodGet, level: bucketLevel, sub: "list-type", needs: ownBucket, handle: listObjectsV2},
	{name: "ListObjects", method: http.MethodGet, level: bucketLevel, needs: ownBucket, handle: listObjects},
	{name: "HeadBucket", method: http.MethodHead, level: bucketLevel, needs: ownBucket, handle: headBucket},
	{name: "CreateBucket", method: http.MethodPut, level: bucketLevel, needs: checksum, handle: createBucket},
	{name: "DeleteBucket", method: http.MethodDelete, level: bucketLevel, needs: ownBucket, handle: deleteBucket},
	{name: "DeleteObjects", method: http.MethodPost, level: bucketLevel, sub: "delete", needs: ownBucket | checksum, handle: deleteObjects},

	{name: "ListParts", method: http.MethodGet, level: objectLevel, sub: "uploadId", needs: ownBucket, handle: listParts},
	{name: "UploadPartCopy", method: http.MethodPut, level: objectLevel, sub: "uploadId", header: copySource, params: []string{"partNumber"}, needs: ownBucket, handle: uploadPartCopy},
	{name: "UploadPart", method: http.MethodPut, level: objectLevel, sub: "uploadId", params: []string{"partNumber"}, needs: ownBucket | stream | checksum, handle: uploadPart},
	{name: "CompleteMultipartUpload", method: http.MethodPost, level: objectLevel, sub: "uploadId", needs: ownBucket, handle: completeMultipartUpload},
	{name: "AbortMultipartUpload", method: http.MethodDelete, level: objectLevel, sub: "uploadId", needs: ownBucket, handle: abortMultipartUpload},
	{name: "CreateMultipartUpload", method: http.MethodPost, level: objectLevel, sub: "uploads", needs: ownBucket, handle: createMultipartUpload},
	{name: "GetObjectTagging", method: http.MethodGet, level: objectLevel, sub: "tagging", params: versionParams, needs: ownBucket, handle: getObjectTagging},
	{name: "PutObjectTagging", method: http.MethodPut, level: objectLevel, sub: "tagging", params: versionParams, needs: ownBucket | checksum, handle: putObjectTagging},
	{name: "DeleteObjectTagging", method: http.MethodDelete, level: objectLevel, sub: "tagging", params: versionParams, needs: ownBucket, handle: deleteObjectTagging},
	{name: "GetObjectRetention", method: http.MethodGet, level: objectLevel, sub: "retention", params: versionParams, needs: ownBucket, handle: getObjectRetention},
	{name: "PutObjectRetention", method: http.MethodPut, level: objectLevel, sub: "retention", params: versionParams, needs: ownBucket | checksum, handle: putObjectRetention},
	{name: "GetObjectLegalHold", method: http.MethodGet, level: objectLevel, sub: "legal-hold", params: versionParams, needs: ownBucket, handle: getObjectLegalHold},
	{name: "PutObjectLegalHold", method: http.MethodPut, level: objectLevel, sub: "legal-hold", params: versionParams, needs: ownBucket | checksum, handle: putObjectLegalHold},
	{name: "GetObjectAcl", method: http.MethodGet, level: objectLevel, sub: "acl", params: versionParams, needs: ownBucket, handle: getACL},
	{name: "PutObjectAcl", method: http.MethodPut, level: objectLevel, sub: "acl", params: versionParams, needs: ownBucket | checksum, handle: putACL},
	{name: "RestoreObject", method: http.MethodPost, level: objectLevel, sub: "restore", params: versionParams, needs: ownBucket | checksum, handle: restoreObject},
	{name: "GetObjectAttributes", method: http.MethodGet, level: objectLevel, sub: "attributes", params: versionParams, needs: ownBucket, handle: getObjectAttributes},
	{name: "GetObject", method: http.MethodGet, level: objectLevel, params: readParams, needs: ownBucket, handle: getObject},
	{name: "HeadObject", method: http.MethodHead, level: objectLevel, params: readParams, needs: ownBucket, handle: headObject},
	{name: "CopyObject", method: http.MethodPut, level: objectLevel, header: copySource, needs: ownBucket, handle: copyObject},
	{name: "PutObject", method: http.MethodPut, level: objectLevel, needs: ownBucket | stream | checksum, handle: putObject},
	{name: "DeleteObject", method: http.MethodDelete, level: objectLevel, params: versionParams, needs: ownBucket, handle: deleteObject},
}

// postObjectOperation is the upload of an HTML form, which is recognised by its type and not by its query.
var postObjectOperation = operation{name: "PostObject", method: http.MethodPost, level: bucketLevel, needs: ownBucket | stream, handle: postObject}

// preflightOperation is what a browser asks before a page may use a bucket, which is recognised by its method alone.
var preflightOperation = operation{name: "Preflight", method: http.MethodOptions, level: bucketLevel, handle: preflight}

// Operations are the names of all operations, as faults and the journal have them.
func Operations() []string {
	var names []string
	for _, op := range append([]operation{postObjectOperation, preflightOperation}, operations...) {
		names = append(names, servicePrefix+op.name)
	}
	return names
}

// notConfigured is what S3 answers to a GET of a bucket's configuration that was never set.
var notConfigured = map[string]*aws.Error{
	"replication": aws.NewError(http.StatusNotFound, "ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
	"website":     aws.NewError(http.StatusNotFound, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration"),
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

// operation finds the operation that a request asks for.
func (q *request) operation() (operation, error) {
	if q.form != nil {
		return postObjectOperation, nil
	}
	if q.Method == http.MethodOptions && q.name != "" {
		return preflightOperation, nil
	}
	query, at := q.query, q.level()
	known := false
	for _, op := range operations {
		if op.level == at && op.method == q.Method && (op.sub == "" || query.Has(op.sub)) && (op.with == "" || query.Has(op.with)) && (op.header == "" || q.Header.Get(op.header) != "") {
			known = true
			if len(op.strangers(query)) == 0 {
				return op, nil
			}
		}
	}
	if q.Method == http.MethodGet && at == bucketLevel {
		for name, e := range notConfigured {
			if query.Has(name) {
				return operation{}, aws.NewError(e.Status, e.Code, e.Message).With("BucketName", q.name)
			}
		}
	}
	if !known && len((operation{}).strangers(query)) == 0 {
		return operation{}, aws.NewError(http.StatusMethodNotAllowed, "MethodNotAllowed",
			"The specified method is not allowed against this resource.").
			With("Method", q.Method).With("ResourceType", [...]string{"SERVICE", "BUCKET", "OBJECT"}[at])
	}
	return operation{}, aws.NotImplemented(strings.Join((operation{}).strangers(query), ", "))
}

// openBody prepares the request's body. One that is not an object's content is read to its end first, so that nothing
// is done before its signed hash is known to be right.
func (q *request) openBody(op operation) error {
	if q.form != nil {
		fields, err := q.form.header()
		if err != nil {
			return err
		}
		q.body, err = payload.NewFileBody(q.form.file, fields)
		return err
	}
	body, err := payload.NewBody(q.Request, q.auth, q.signer.Secret, op.needs&checksum != 0)
	if err != nil {
		return err
	}
	if op.needs&stream == 0 {
		q.document, q.body, err = body.Bytes(maxDocument)
		return err
	}
	if body.Size < 0 {
		return aws.NewError(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	q.body = body
	return nil
}
