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
	if bucket = q.hostBucket(); bucket != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// hostBucket returns the bucket that the host names, by the longest domain that it is under.
func (q *request) hostBucket() string {
	host := q.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	domain, bucket := "", ""
	for _, candidate := range q.server.domains {
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

// checkSession holds a temporary key to its session token, and refuses a token with a key that has none.
func (q *request) checkSession() error {
	token := q.Header.Get("X-Amz-Security-Token")
	if token == "" {
		token = q.query.Get("X-Amz-Security-Token")
	}
	if q.form != nil {
		token = q.form.fields["x-amz-security-token"]
	}
	switch {
	case token != q.signer.SessionToken && q.signer.SessionToken != "" && token == "":
		return invalidAccessKeyID(q.signer.ID) // a temporary key is none without its token
	case token != q.signer.SessionToken:
		return aws.NewError(http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid.")
	case q.signer.Expired(q.Now):
		return aws.NewError(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	}
	return nil
}

func invalidAccessKeyID(id string) *aws.Error {
	return aws.NewError(http.StatusForbidden, "InvalidAccessKeyId",
		"The AWS Access Key Id you provided does not exist in our records.").With("AWSAccessKeyId", id)
}
