package s3

import (
	"errors"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

func deleteBucket(q *request) error {
	err := q.server.options.Store.DeleteBucket(q.bucket)
	if errors.Is(err, store.ErrBucketNotEmpty) {
		return aws.NewError(http.StatusConflict, "BucketNotEmpty", "The bucket you tried to delete is not empty").With("BucketName", q.name)
	}
	if err != nil {
		return asNoSuchBucket(err, q.name)
	}
	q.W.WriteHeader(http.StatusNoContent)
	return nil
}
