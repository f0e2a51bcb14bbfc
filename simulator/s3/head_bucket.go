package s3

import "net/http"

// headBucket is HeadBucket: that it got here is the answer.
func headBucket(q *request) error {
	q.W.WriteHeader(http.StatusOK)
	return nil
}
