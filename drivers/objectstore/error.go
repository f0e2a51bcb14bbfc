package objectstore

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Error is why a store could not be used. Its text is one line that says what to do; no field
// holds a secret.
type Error struct {
	// Bucket, at Endpoint, is where something was to be done.
	Bucket, Endpoint string
	// Prefix is what was to be listed; Key is the object that was to be read, written or deleted.
	Prefix, Key string
	// Code is the storage's own code, such as NoSuchBucket. Empty: the storage gave none, or did
	// not answer.
	Code string
	// Status is the HTTP status of the answer; 0: there was none.
	Status int
	// Detail is what the storage said, on one line, shortened, without any part of the credentials.
	Detail string
	// Region is what the request was signed for. Empty: none was configured and none was found.
	Region string
	// BucketRegion is where the bucket is, and EndpointRegion the only one that the endpoint takes
	// requests for. Empty: not known.
	BucketRegion, EndpointRegion string
	// PathStyle says that the request named the bucket in its path, not in the host name.
	PathStyle bool

	action action
	cause  error
}

// action is what was to be done: a verb for messages, and the permission that it takes.
type action struct{ verb, permission string }

var (
	listing  = action{"list", "s3:ListBucket"}
	reading  = action{"read", "s3:GetObject"}
	writing  = action{"write", "s3:PutObject"}
	deleting = action{"delete", "s3:DeleteObject"}
)

// Error says what happened and what to do about it, on one line.
func (e *Error) Error() string { return e.advice() }

// Unwrap returns what kept the storage from answering; nil if it answered.
func (e *Error) Unwrap() error { return e.cause }

// CredentialsRefused says that the storage answered and that other credentials, or other
// permissions of the same, would help.
func (e *Error) CredentialsRefused() bool {
	switch e.Code {
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "AllAccessDisabled",
		"ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidSecurity", "AccountProblem":
		return true
	}
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden && e.Code == ""
}

// Overloaded says that the storage answered that it gets too many requests.
func (e *Error) Overloaded() bool {
	switch e.Code {
	case "SlowDown", "ServiceUnavailable", "Throttling", "RequestLimitExceeded":
		return true
	}
	return e.Status == http.StatusTooManyRequests
}

// Archived says that there is such an object, which cannot be read before the storage has brought it back.
func (e *Error) Archived() bool { return e.Code == "InvalidObjectState" }

// failed turns what the client returned into an Error. The name is that of what the action was on.
func (s *S3) failed(ctx context.Context, action action, name string, err error) error {
	if keyless(err) {
		return err
	}
	failure := &Error{
		Bucket:    s.opts.Bucket,
		Endpoint:  s.endpoint.String(),
		Region:    s.signingRegion,
		PathStyle: !s.opts.inHost(s.endpoint),
		action:    action,
	}
	if action == listing {
		failure.Prefix = name
	} else {
		failure.Key = name
	}
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) || answer.StatusCode == 0 {
		failure.cause = err
		return failure
	}

	failure.Status = answer.StatusCode
	// The status line stands in for a code that is missing. Without one it is not storage that answers, and what does is not repeated to
	// whoever may read the location: it may be anything that can be reached from here.
	if !strings.Contains(answer.Code, " ") {
		failure.Code, failure.Detail = answer.Code, s.lastKey().Redact(answer.Message)
	}
	if failure.namesRegion() {
		s.locate(ctx, failure, answer.Region)
	}
	return failure
}

// locate finds out which region is wrong. The region in an AuthorizationHeaderMalformed is the one
// that the endpoint wants to see in signatures, which need not be the bucket's.
func (s *S3) locate(ctx context.Context, failure *Error, answered string) {
	if failure.Code == codeHeaderMalformed {
		failure.EndpointRegion = answered
	} else {
		failure.BucketRegion = answered
	}
	if failure.BucketRegion == "" {
		failure.BucketRegion = s.bucketRegion(ctx)
	}
}
