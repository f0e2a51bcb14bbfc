package main

// group says what a case needs of a server.
type group string

const (
	signedV4 group = "signature v4"
	signedV2 group = "signature v2"
	overTLS  group = "TLS and encryption"
)

var groups = []group{signedV4, overTLS, signedV2}

// exceptions are the cases that are expected to fail, each with the reason; docs/simulator-minio-tests.md lists them too.
var exceptions = map[string]string{
	"testBucketNotification":                 "skips itself unless it is given a real queue at AWS",
	"testGetObjectACLContext":                "writes a public ACL and wants to read a private one; S3 refuses the first, since new buckets have ACLs disabled",
	"testGetObjectS3Zip":                     "an extension of MinIO: objects inside of ZIP files",
	"testListMultipartUpload":                "wants uploads of the key in key-marker, which S3 leaves out, and uploads without an owner",
	"testListUnsorted":                       "an extension of MinIO: listings out of order",
	"testObjectAnnotations":                  "object annotations are not simulated",
	"testPutObjectPreconditionOnNonExistent": "writes with If-None-Match and an ETag, which S3 refuses with 501",
}
