package objects

import (
	"errors"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

var refusals = []struct {
	err           error
	status        int
	code, message string
}{
	{store.ErrNoSuchKey, http.StatusNotFound, "NoSuchKey", "The specified key does not exist."},
	{store.ErrNoSuchVersion, http.StatusNotFound, "NoSuchVersion", "The specified version does not exist."},
	{store.ErrDeleteMarker, http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource."},
	{store.ErrLocked, http.StatusForbidden, "AccessDenied", "Access Denied because object protected by object lock."},
	{store.ErrNoSuchBucket, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"},
	{store.ErrNoSuchUpload, http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."},
	{store.ErrInvalidPart, http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."},
	{store.ErrPartOrder, http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number."},
	{store.ErrPartTooSmall, http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"},
	{store.ErrPrecondition, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"},
	// S3 itself never runs out. 507 is not retried by the AWS SDKs and minio-go, so that the answer is seen at once.
	{store.ErrFull, http.StatusInsufficientStorage, "InsufficientStorage", "The simulator's memory for objects is used up: delete objects, raise memoryLimit in its configuration, or give it a data directory."},
}

// Error translates what the store refuses into S3's words; other errors stay as they are.
func Error(err error, key string) error {
	for _, known := range refusals {
		if errors.Is(err, known.err) {
			e := aws.NewError(known.status, known.code, known.message)
			if known.code == "NoSuchKey" || known.code == "NoSuchVersion" {
				return e.With("Key", key)
			}
			return e
		}
	}
	return err
}
