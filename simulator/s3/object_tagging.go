package s3

import (
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

func getObjectTagging(q *request) error {
	object, err := q.object()
	if err != nil {
		return err
	}
	return writeTags(q, object.Tags)
}

func putObjectTagging(q *request) error {
	if version := q.query.Get("versionId"); !q.permits(action(q.op.name, version), q.bucket.Info(), q.key, version) {
		return accessDenied()
	}
	tags, err := readTags(q.document, objectTags)
	if err != nil {
		return err
	}
	return q.change(http.StatusOK, "s3:ObjectTagging:Put", func(a *store.Attributes) error { a.Tags = tags; return nil })
}

func deleteObjectTagging(q *request) error {
	return q.change(http.StatusNoContent, "s3:ObjectTagging:Delete", func(a *store.Attributes) error { a.Tags = nil; return nil })
}
