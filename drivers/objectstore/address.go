package objectstore

import (
	"net"
	"net/url"
	"regexp"
	"strings"

	"github.com/minio/minio-go/v7"
)

// hostLabel is what a bucket's name, or what is between its dots, must be to stand in a host name.
var hostLabel = regexp.MustCompile(`^[a-z0-9-]{3,63}$`)

// inHost says whether requests to an endpoint name the bucket in the host, BUCKET.HOST, and not in the path. It decides as the AWS
// SDK for Go does, and with it Velero's plugin: a name goes into the host wherever it can, unless the path is asked for. Over
// https it must have no dots, which no wildcard certificate covers.
func (o *S3Options) inHost(endpoint *url.URL) bool {
	if o.PathStyle || net.ParseIP(endpoint.Hostname()) != nil || net.ParseIP(o.Bucket) != nil {
		return false
	}
	labels := []string{o.Bucket}
	if endpoint.Scheme == "http" {
		labels = strings.Split(o.Bucket, ".")
	}
	for _, label := range labels {
		if !hostLabel.MatchString(label) {
			return false
		}
	}
	return true
}

// bucketURL is the address of the bucket at an endpoint.
func (o *S3Options) bucketURL(endpoint *url.URL) *url.URL {
	if o.inHost(endpoint) {
		return &url.URL{Scheme: endpoint.Scheme, Host: o.Bucket + "." + endpoint.Host, Path: "/"}
	}
	return endpoint.JoinPath(o.Bucket)
}

// bucketLookup tells the client the same.
func (o *S3Options) bucketLookup(endpoint *url.URL) minio.BucketLookupType {
	if o.inHost(endpoint) {
		return minio.BucketLookupDNS
	}
	return minio.BucketLookupPath
}
