package s3

import "k8s.io/klog/v2"

// getObject is GetObject. When the answer has begun nothing can be refused any more: the
// client learns of an error from an answer that ends before its announced length.
func getObject(q *request) error {
	object, content, err := q.bucket.Open(q.key, q.query.Get("versionId"))
	q.showVersion(object)
	if err != nil {
		return refusal(err, q.key)
	}
	defer func() { _ = content.Close() }() // it was only read
	wanted, err := q.beginRead(object)
	if err != nil {
		return err
	}
	if err := send(q.W, content, wanted); err != nil {
		klog.V(4).InfoS("S3 answer was cut short", "bucket", q.name, "key", q.key, "err", err)
	}
	return nil
}
