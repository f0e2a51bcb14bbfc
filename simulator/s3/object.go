package s3

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/storageclass"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// maxMetadata is what S3 allows the names and values of user metadata to take together.
const maxMetadata = 2 << 10

// keptHeaders are the request headers that S3 keeps with an object and sends with it, besides x-amz-meta-.
var keptHeaders = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires",
	sseHeader, kmsKeyHeader, bucketKeyHeader,
	store.StorageClassHeader, "X-Amz-Website-Redirect-Location",
}

// attributes reads what a request says of the object that it writes, and the customer's key for it.
func (q *request) attributes(h http.Header) (store.Attributes, customerKey, error) {
	var out store.Attributes
	key, err := readCustomerKey(h, customerPrefix)
	if err != nil {
		return out, key, err
	}
	if out.Headers, err = objectHeaders(h); err != nil {
		return out, key, err
	}
	if err := q.serverEncryption(out.Headers, key); err != nil {
		return out, key, err
	}
	if out.Tags, err = parseTags(h.Get("X-Amz-Tagging")); err != nil {
		return out, key, err
	}
	if out.ACL, err = q.objectACL(h); err != nil {
		return out, key, err
	}
	out.CustomerKey = key.hash
	return out, key, q.lockAttributes(h, &out)
}

// objectHeaders picks the headers that stay with an object. Others, such as the uploader's session token, do not.
func objectHeaders(h http.Header) (map[string]string, error) {
	kept, size := map[string]string{}, 0
	for _, name := range keptHeaders {
		if value := h.Get(name); value != "" {
			kept[name] = value
		}
	}
	if class, found := kept[store.StorageClassHeader]; found && !storageclass.Known(class) {
		return nil, aws.NewError(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid").
			With("StorageClassRequested", class)
	}
	if kept[store.StorageClassHeader] == storageclass.Standard {
		delete(kept, store.StorageClassHeader)
	}
	if encoding := withoutChunked(kept["Content-Encoding"]); encoding != "" {
		kept["Content-Encoding"] = encoding
	} else {
		delete(kept, "Content-Encoding")
	}
	for name, values := range h {
		if user, found := strings.CutPrefix(name, "X-Amz-Meta-"); found {
			kept[name] = strings.Join(values, ",")
			size += len(user) + len(kept[name])
		}
	}
	if size > maxMetadata {
		return nil, aws.NewError(http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size").
			With("Size", strconv.Itoa(size)).With("MaxSizeAllowed", strconv.Itoa(maxMetadata))
	}
	return kept, nil
}

// withoutChunked removes aws-chunked, which describes the transfer and not the object.
func withoutChunked(encoding string) string {
	var out []string
	for part := range strings.SplitSeq(encoding, ",") {
		if part = strings.TrimSpace(part); part != "" && part != "aws-chunked" {
			out = append(out, part)
		}
	}
	return strings.Join(out, ",")
}

// object finds the version that the request names, and shows which one it is.
func (q *request) object() (*store.Object, error) {
	object, err := q.bucket.Get(q.key, q.query.Get("versionId"))
	q.showVersion(object)
	if err != nil {
		return nil, refusal(err, q.key)
	}
	return object, nil
}

// change changes what is said of the version that the request names, tells of the event if there is
// one, and answers with the status.
func (q *request) change(status int, event string, change func(*store.Attributes) error) error {
	object, err := q.bucket.Change(q.key, q.query.Get("versionId"), change)
	q.showVersion(object)
	if err != nil {
		return refusal(err, q.key)
	}
	if event != "" {
		q.notify(event, object)
	}
	q.W.WriteHeader(status)
	return nil
}

// showVersion puts a version's id on the answer, where there is versioning, and says that it is a delete marker.
func (q *request) showVersion(object *store.Object) {
	if object == nil || q.bucket.Settings().Versioning == "" {
		return
	}
	q.W.Header().Set("X-Amz-Version-Id", object.Version)
	if object.DeleteMarker {
		q.W.Header().Set("X-Amz-Delete-Marker", "true")
	}
}
