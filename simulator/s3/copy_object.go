package s3

import (
	"encoding/xml"
	"errors"
	"net/http"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/payload"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// copyObject is CopyObject: the source may be in any region, and must be the signer's too.
func copyObject(q *request) error {
	conditions, err := writeConditions(q.Header)
	if err != nil {
		return err
	}
	from, err := q.openSource()
	if err != nil {
		return err
	}
	copied, key, err := q.copy(from, conditions)
	if err = errors.Join(err, from.content.Close()); err != nil {
		return refusal(err, q.key)
	}
	q.describe(copied, key, q.W.Header())
	q.W.Header().Del("ETag")
	return q.writeCopyResult(from, copyResult{
		XMLName: xml.Name{Local: "CopyObjectResult"}, ETag: copied.ETag, LastModified: formatTime(copied.Modified),
		Checksums: copied.AllChecksums(), ChecksumType: checksumTypeOf(copied),
	})
}

func (q *request) copy(from *source, conditions store.Conditions) (*store.Object, customerKey, error) {
	attributes, key, err := q.attributes(q.Header)
	if err != nil {
		return nil, key, err
	}
	metadata, tags := q.Header.Get("X-Amz-Metadata-Directive"), q.Header.Get("X-Amz-Tagging-Directive")
	if err := checkDirectives(metadata, tags); err != nil {
		return nil, key, err
	}
	changesNothing := metadata != "REPLACE" && q.Header.Get(store.StorageClassHeader) == "" && q.Header.Get(sseHeader) == "" &&
		key.hash == "" && from.object.CustomerKey == "" && from.version == "" && q.Header.Get("X-Amz-Website-Redirect-Location") == ""
	if from.bucket == q.bucket && from.key == q.key && changesNothing {
		return nil, key, aws.NewError(http.StatusBadRequest, "InvalidRequest",
			"This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	if metadata != "REPLACE" {
		attributes.Headers = inherited(from.object.Headers, attributes.Headers)
	}
	if tags != "REPLACE" {
		attributes.Tags = from.object.Tags
	}
	body := payload.NewStream(store.Whole(from.content, from.object.Size))
	if err := q.computeCopyChecksums(from.object, body); err != nil {
		return nil, key, err
	}
	object, err := q.bucket.Put(q.key, store.Write{
		Body: body, Size: from.object.Size, Attributes: attributes, Checksums: body.Checksums, Conditions: conditions,
	})
	if err == nil {
		q.notify("s3:ObjectCreated:Copy", object)
	}
	return object, key, err
}

// computeCopyChecksums makes the checksum that the request asks for, or those that the source has, or S3's own. They are of the
// full object, also when the source's were made of its parts'.
func (q *request) computeCopyChecksums(from *store.Object, body *payload.Body) error {
	algorithm, err := requestedAlgorithm(q.Header)
	if err != nil {
		return err
	}
	if algorithm != "" {
		return body.Compute(algorithm)
	}
	sums := from.AllChecksums()
	if len(sums) == 0 {
		return body.Compute(defaultAlgorithm)
	}
	for header := range sums {
		algorithm, _ := payload.ChecksumAlgorithm(header)
		if err := body.Compute(algorithm); err != nil {
			return err
		}
	}
	return nil
}

func checkDirectives(directives ...string) error {
	for _, directive := range directives {
		if directive != "" && directive != "COPY" && directive != "REPLACE" {
			return invalidArgument("x-amz-metadata-directive", directive, "Unknown metadata directive.")
		}
	}
	return nil
}

// inherited returns the headers of a copy that keeps the source's metadata: encryption and storage class are never kept.
func inherited(source, given map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range source {
		if !slices.Contains(ownHeaders, name) {
			out[name] = value
		}
	}
	for _, name := range ownHeaders {
		if value := given[name]; value != "" {
			out[name] = value
		}
	}
	return out
}

// ownHeaders are those that a copy has from its request in any case.
var ownHeaders = []string{sseHeader, kmsKeyHeader, bucketKeyHeader, store.StorageClassHeader, "X-Amz-Website-Redirect-Location"}
