package s3

import (
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

func putObject(q *request) error {
	attributes, key, err := q.attributes(q.Header)
	if err != nil {
		return err
	}
	conditions, err := writeConditions(q.Header)
	if err != nil {
		return err
	}
	if err := q.computeChecksum(); err != nil {
		return err
	}
	object, err := q.bucket.Put(q.key, store.Write{
		Body: q.body, Size: q.body.Size, Attributes: attributes, Checksums: q.body.Checksums, Conditions: conditions,
	})
	if err != nil {
		return refusal(err, q.key)
	}
	q.describe(object, key, q.W.Header())
	describeChecksums(object, q.W.Header())
	q.W.WriteHeader(http.StatusOK)
	return nil
}

// computeChecksum makes the checksum that the request names the algorithm of, when it does not come with it.
func (q *request) computeChecksum() error {
	algorithm, err := requestedAlgorithm(q.Header)
	if err != nil || algorithm == "" || q.body.Promised() {
		return err
	}
	return q.body.Compute(algorithm)
}
