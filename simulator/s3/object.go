package s3

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/s3/objects"
	"github.com/velero-locations/velero-locations/simulator/store"
	"github.com/velero-locations/velero-locations/simulator/wire"
)

// maxMetadata is what S3 allows the names and values of user metadata to take together.
const maxMetadata = 2 << 10

// keptHeaders are the request headers that S3 keeps with an object and sends with it, besides x-amz-meta-.
var keptHeaders = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires",
	"X-Amz-Server-Side-Encryption", "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
	"X-Amz-Storage-Class", "X-Amz-Website-Redirect-Location",
}

// storageClasses are those that S3 lets a client ask for. An object in any of them is there at once.
var storageClasses = []string{
	"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR", "EXPRESS_ONEZONE",
}

// serveObjects hands an operation on objects to the objects of the bucket.
func serveObjects(q *request) error {
	return objects.Serve(q.w, q.Request, objects.Request{Bucket: q.bucket, Key: q.key, Body: q.body})
}

// writeObject is serveObjects for an operation that says what an object's metadata will be.
func writeObject(q *request) error {
	headers, err := objectHeaders(q.Header)
	if err != nil {
		return err
	}
	return objects.Serve(q.w, q.Request, objects.Request{
		Bucket: q.bucket, Key: q.key, Body: q.body,
		Attributes: store.Attributes{Headers: headers, Checksums: q.body.Checksums},
	})
}

func putObject(q *request) error {
	if q.Header.Get("X-Amz-Copy-Source") != "" {
		return copyObject(q)
	}
	return writeObject(q)
}

func uploadPart(q *request) error {
	number := q.URL.Query().Get("partNumber")
	if n, err := strconv.Atoi(number); err != nil || n < 1 || n > 10000 {
		return wire.NewError(http.StatusBadRequest, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive").
			With("ArgumentName", "partNumber").With("ArgumentValue", number)
	}
	if q.Header.Get("X-Amz-Copy-Source") != "" {
		return uploadPartCopy(q)
	}
	return serveObjects(q)
}

// objectHeaders picks the headers that stay with an object. Others, such as the uploader's session token, do not.
func objectHeaders(h http.Header) (map[string]string, error) {
	kept, size := map[string]string{}, 0
	for _, name := range keptHeaders {
		if value := h.Get(name); value != "" {
			kept[name] = value
		}
	}
	if class, found := kept["X-Amz-Storage-Class"]; found && !slices.Contains(storageClasses, class) {
		return nil, wire.NewError(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid").
			With("StorageClassRequested", class)
	}
	if kept["X-Amz-Storage-Class"] == "STANDARD" {
		delete(kept, "X-Amz-Storage-Class")
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
		return nil, wire.NewError(http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size").
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
