package s3

import (
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// deleteObject is DeleteObject: of an object, which versioning only hides, or of a version.
func deleteObject(q *request) error {
	version := q.query.Get("versionId")
	if version == "" && q.query.Has("versionId") {
		return invalidArgument("versionId", "", "Version id cannot be the empty string")
	}
	deleted, err := q.bucket.Delete(q.deletion(q.key, version))
	if err != nil {
		return refusal(err, q.key)
	}
	h := q.W.Header()
	if deleted.Version != "" {
		h.Set("X-Amz-Version-Id", deleted.Version)
	}
	if deleted.DeleteMarker {
		h.Set("X-Amz-Delete-Marker", "true")
	}
	q.W.WriteHeader(http.StatusNoContent)
	return nil
}

// deletion says what a request to delete one object or version asks for.
func (q *request) deletion(key, version string) store.Deletion {
	return store.Deletion{Key: key, Version: version, BypassGovernance: q.bypassesGovernance()}
}
