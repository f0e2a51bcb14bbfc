package s3

import (
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// deleteObject is DeleteObject: of an object, which versioning only hides, or of a version.
func deleteObject(q *request) error {
	deletion := q.deletion(q.key, q.query.Get("versionId"))
	var err error
	if deletion.Conditions, err = deleteConditions(q.Header); err != nil {
		return err
	}
	if !q.mayCompare(deletion) {
		return accessDenied()
	}
	deleted, err := q.bucket.Delete(deletion)
	if err != nil {
		return refusal(err, q.key)
	}
	q.notifyDeletion(deletion, deleted)
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

// mayCompare says whether the signer may find out about the ETag of what it deletes, which takes what reading it takes.
func (q *request) mayCompare(d store.Deletion) bool {
	match := d.Conditions.IfMatch
	return match == "" || match == anyETag || q.permits(action("GetObject", ""), q.bucket.Info(), d.Key, "")
}

// deletion says what a request to delete one object or version asks for.
func (q *request) deletion(key, version string) store.Deletion {
	return store.Deletion{Key: key, Version: version, BypassGovernance: q.bypassesGovernance()}
}
