package s3

import "net/http"

// headBucket is HeadBucket: a request that gets here has its answer.
func headBucket(q *request) error {
	q.W.WriteHeader(http.StatusOK)
	return nil
}
