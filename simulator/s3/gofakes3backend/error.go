package gofakes3backend

import (
	"errors"
	"io"

	"github.com/johannesboyne/gofakes3"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// refusal puts what the store refuses into gofakes3's words, which it recognizes only when nothing is wrapped around them.
// Other errors stay as they are: gofakes3 answers to them with InternalError.
func refusal(err error, bucket, key string) error {
	var known gofakes3.Error // of the reader that gofakes3 gave
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, io.ErrUnexpectedEOF):
		return gofakes3.ErrIncompleteBody
	case errors.Is(err, store.ErrNoSuchBucket):
		return gofakes3.BucketNotFound(bucket)
	case errors.Is(err, store.ErrBucketExists):
		return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, bucket)
	case errors.Is(err, store.ErrBucketNotEmpty):
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, bucket)
	case errors.Is(err, store.ErrNoSuchKey):
		return gofakes3.KeyNotFound(key)
	case errors.Is(err, store.ErrNoSuchVersion):
		return gofakes3.ResourceError(gofakes3.ErrNoSuchVersion, key)
	case errors.Is(err, store.ErrPrecondition):
		return gofakes3.ErrorMessage(gofakes3.ErrPreconditionFailed, gofakes3.ErrPreconditionFailed.Message())
	case errors.Is(err, store.ErrLocked):
		// gofakes3 has no AccessDenied.
		return gofakes3.ErrorMessage(gofakes3.ErrMethodNotAllowed, err.Error())
	case errors.Is(err, store.ErrFull):
		return gofakes3.ErrorMessage(gofakes3.ErrInternal, err.Error())
	}
	return err
}
