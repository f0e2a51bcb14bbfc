package s3

import (
	"cmp"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

func putObject(q *request) error {
	attributes, key, err := q.attributes(q.Header)
	if err != nil {
		return err
	}
	if err := q.checkLockedBody(attributes, "Put Object"); err != nil {
		return err
	}
	conditions, err := writeConditions(q.Header)
	if err != nil {
		return err
	}
	if err := q.computeChecksum(q.Header); err != nil {
		return err
	}
	object, err := q.bucket.Put(q.key, store.Write{
		Body: q.body, Size: q.body.Size, Attributes: attributes, Checksums: q.body.Checksums, Conditions: conditions,
	})
	if err != nil {
		return refusal(err, q.key)
	}
	q.notify("s3:ObjectCreated:Put", object)
	q.describe(object, key, q.W.Header())
	describeChecksums(object, q.W.Header())
	q.W.WriteHeader(http.StatusOK)
	return nil
}

// computeChecksum makes the checksum of an object that comes without one: by the algorithm that its headers name, or S3's own.
func (q *request) computeChecksum(h http.Header) error {
	algorithm, err := requestedAlgorithm(h)
	if err != nil || q.body.Promised() {
		return err
	}
	return q.body.Compute(cmp.Or(algorithm, defaultAlgorithm))
}
