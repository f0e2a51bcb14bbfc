package s3

import "github.com/velero-locations/velero-locations/simulator/s3/store"

// configure changes the bucket's settings and answers with the status.
func (q *request) configure(status int, change func(*store.Settings) error) error {
	if err := q.bucket.Configure(change); err != nil {
		return asNoSuchBucket(err, q.name)
	}
	q.W.WriteHeader(status)
	return nil
}
