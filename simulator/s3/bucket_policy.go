package s3

import (
	"fmt"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// maxPolicy is the most that S3 takes as the policy of a bucket, in bytes.
const maxPolicy = 20 << 10

func noBucketPolicy(bucket string) error {
	return aws.NewError(http.StatusNotFound, "NoSuchBucketPolicy", "The bucket policy does not exist").With("BucketName", bucket)
}

func getBucketPolicy(q *request) error {
	document := q.bucket.Settings().Policy.Document
	if document == "" {
		return noBucketPolicy(q.name)
	}
	q.W.Header().Set("Content-Type", "application/json")
	q.W.WriteHeader(http.StatusOK)
	_, _ = q.W.Write([]byte(document)) // the client may be gone
	return nil
}

// putBucketPolicy is PutBucketPolicy. A policy that can't be enforced is refused, with the element that can't.
func putBucketPolicy(q *request) error {
	if len(q.document) > maxPolicy {
		return malformedPolicy("The policy is longer than 20 KB.")
	}
	statements, err := policy.ParseDocument(q.document, q.name)
	if err != nil {
		return malformedPolicy(err.Error())
	}
	return q.configure(http.StatusNoContent, func(s *store.Settings) error {
		if blocks(*s).BlockPublicPolicy && isPublic(statements) {
			return aws.NewError(http.StatusForbidden, "AccessDenied", fmt.Sprintf(
				"User: %s is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::%s\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
				q.signer.ARN(), q.name))
		}
		s.Policy = store.BucketPolicy{Document: string(q.document), Statements: statements}
		return nil
	})
}

func malformedPolicy(problem string) error {
	return aws.NewError(http.StatusBadRequest, "MalformedPolicy", problem)
}

func deleteBucketPolicy(q *request) error {
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.Policy = store.BucketPolicy{}; return nil })
}
