package s3

import (
	"errors"
	"log/slog"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// getObject is GetObject. When the answer has begun nothing can be refused any more: the
// client learns of an error from an answer that ends before its announced length.
func getObject(q *request) error {
	object, content, err := q.bucket.Open(q.key, q.query.Get("versionId"))
	q.showVersion(object)
	if err != nil {
		return refusal(err, q.key)
	}
	defer func() { _ = content.Close() }() // it was only read
	if !object.Readable(q.Now) {
		return invalidObjectState("The operation is not valid for the object's storage class", &object.Attributes, q.Now)
	}
	touch(q.bucket, object)
	wanted, err := q.beginRead(object)
	if err != nil {
		return err
	}
	err = send(q.W, content, wanted, object.Size)
	switch {
	case errors.Is(err, store.ErrDamaged):
		q.Break(err, aws.AsError(err).Code)
	case err != nil:
		slog.Debug("S3 answer was cut short", "bucket", q.name, "key", q.key, "err", err)
	}
	return nil
}
