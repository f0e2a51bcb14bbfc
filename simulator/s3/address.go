package s3

import (
	"net"
	"net/http"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// address returns the bucket and the key that a request is for: /bucket/key, or /key at the host bucket.DOMAIN.
func (q *request) address() (bucket, key string) {
	path := strings.TrimPrefix(q.URL.Path, "/")
	if bucket = q.server.hostBucket(q.Host); bucket != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// checkStyle refuses a bucket in the path where the endpoint takes it in the host only, as stores do whose customers' content
// is not to appear to be their own.
func (q *request) checkStyle() error {
	hostOnly := q.server.options.HostStyleOnly
	if q.name == "" || hostOnly == nil || !hostOnly(q.server.region) || q.server.hostBucket(q.Host) != "" {
		return nil
	}
	return aws.NewError(http.StatusForbidden, "SecondLevelDomainForbidden",
		"The bucket you are attempting to access must be addressed using the third level domain.")
}

// IsPlain says whether a request is about the endpoint alone: it is not signed, has no parameters, and its host names no bucket.
func (s *Server) IsPlain(r *http.Request) bool {
	return r.Header.Get("Authorization") == "" && r.URL.RawQuery == "" && s.hostBucket(r.Host) == ""
}

// hostBucket returns the bucket that the host names, by the longest domain that it is under.
func (s *Server) hostBucket(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	domain, bucket := "", ""
	for _, candidate := range s.domains {
		if host == candidate {
			return "" // such as s3.example.org where example.org is a domain too
		}
		if name, found := strings.CutSuffix(host, "."+candidate); found && len(candidate) > len(domain) {
			domain, bucket = candidate, name
		}
	}
	if ValidateBucketName(bucket) != nil { // such as s3.localhost: the endpoint itself
		return ""
	}
	return bucket
}
