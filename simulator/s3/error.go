package s3

import (
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// writeError answers with the error: the XML body of S3, or none where HTTP allows none (HEAD, 304).
// The headers x-amz-request-id and x-amz-id-2 are expected to be set already and are repeated in the body.
func writeError(w http.ResponseWriter, r *http.Request, e *aws.Error) {
	h := w.Header()
	for name, values := range e.Headers {
		h[name] = values
	}
	if r.Method == http.MethodHead || e.Status == http.StatusNotModified {
		h.Del("Content-Type")
		h.Del("Content-Length")
		w.WriteHeader(e.Status)
		return
	}
	body := errorBody(e, h.Get("X-Amz-Request-Id"), h.Get("X-Amz-Id-2"))
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Status)
	_, _ = w.Write(body) // the client may be gone; there is nobody left to tell
}

func errorBody(e *aws.Error, requestID, hostID string) []byte {
	out := append([]byte(xml.Header), "<Error>"...)
	out = appendElement(out, "Code", e.Code)
	out = appendElement(out, "Message", e.Message)
	for _, more := range e.Extra {
		out = appendElement(out, more.Name, more.Value)
	}
	out = appendElement(out, "RequestId", requestID)
	out = appendElement(out, "HostId", hostID)
	return append(out, "</Error>"...)
}

// refusals are what S3 answers to what the store refuses.
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

// refusal puts what the store refuses into S3's words; other errors stay as they are.
func refusal(err error, key string) error {
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

func accessDenied() *aws.Error {
	return aws.NewError(http.StatusForbidden, "AccessDenied", "Access Denied")
}

func noSuchBucket(name string) *aws.Error {
	return aws.NewError(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist").With("BucketName", name)
}

// asNoSuchBucket says of a bucket that vanished while the request ran what S3 says of one that never was.
func asNoSuchBucket(err error, name string) error {
	if errors.Is(err, store.ErrNoSuchBucket) {
		return noSuchBucket(name)
	}
	return err
}

func invalidArgument(name, value, message string) *aws.Error {
	return aws.NewError(http.StatusBadRequest, "InvalidArgument", message).With("ArgumentName", name).With("ArgumentValue", value)
}
