package s3

import (
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

func getBucketTagging(q *request) error {
	tags := q.bucket.Settings().Tags
	if len(tags) == 0 {
		return aws.NewError(http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist").With("BucketName", q.name)
	}
	return writeTags(q, tags)
}

func putBucketTagging(q *request) error {
	tags, err := readTags(q.document, bucketTags)
	if err != nil {
		return err
	}
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.Tags = tags; return nil })
}

func deleteBucketTagging(q *request) error {
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.Tags = nil; return nil })
}
