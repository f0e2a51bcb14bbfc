package s3

import "net/http"

// abortMultipartUpload is AbortMultipartUpload: the upload ends without an object. Of one that ended already
// it answers the same, for hours at S3, and leaves the object alone.
func abortMultipartUpload(q *request) error {
	if err := q.bucket.Abort(q.key, q.query.Get("uploadId")); err != nil {
		return refusal(err, q.key)
	}
	q.W.WriteHeader(http.StatusNoContent)
	return nil
}
