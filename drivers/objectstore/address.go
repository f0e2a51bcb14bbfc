package objectstore

import (
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"github.com/velero-locations/velero-locations/locations/provider"
)

// OutOfReach says why nothing here can reach a bucket that Velero's plugin may reach: no sentence, but a part of one. Empty: it can
// be reached.
func OutOfReach(bucket, endpoint string) string {
	address, err := url.Parse(endpoint)
	switch {
	case strings.HasPrefix(bucket, "arn:"):
		return "its bucket is named by an ARN, which only Amazon's own client understands"
	case provider.DirectoryBucket(bucket):
		return "its name is that of a directory bucket of S3 Express, which only Amazon's own client understands"
	case s3utils.CheckValidBucketName(bucket) != nil:
		return "the client here does not take such a name of a bucket"
	case err == nil && strings.Trim(address.Path, "/") != "":
		return "spec.config.s3Url has a path, which the client here does not follow"
	}
	return ""
}

// bucketURL is the address of the bucket at an endpoint.
func (o *S3Options) bucketURL(endpoint *url.URL) *url.URL {
	if o.inHost(endpoint) {
		return &url.URL{Scheme: endpoint.Scheme, Host: o.Bucket + "." + endpoint.Host, Path: "/"}
	}
	return endpoint.JoinPath(o.Bucket)
}

func (o *S3Options) inHost(endpoint *url.URL) bool {
	return provider.BucketInHost(endpoint, o.Bucket, o.PathStyle)
}

// bucketLookup tells the client how to name the bucket at an endpoint.
func (o *S3Options) bucketLookup(endpoint *url.URL) minio.BucketLookupType {
	if o.inHost(endpoint) {
		return minio.BucketLookupDNS
	}
	return minio.BucketLookupPath
}
