package s3

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/objects"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// readObject is GetObject and HeadObject.
func readObject(q *request) error {
	object, content, err := q.openObject()
	q.showVersion(object)
	if err != nil {
		return objects.Error(err, q.key)
	}
	key, err := q.checkRead(object)
	if err != nil {
		if content != nil {
			err = errors.Join(err, content.Close())
		}
		return err
	}
	describe := func(o *store.Object, h http.Header) {
		q.describe(o, key, h)
		q.describeRead(o, h)
	}
	return objects.Serve(q.w, q.Request, objects.Request{
		Bucket: q.bucket, Key: q.key, Object: object, Content: content, Describe: describe,
	})
}

func (q *request) openObject() (*store.Object, store.Content, error) {
	version := q.query.Get("versionId")
	if q.Method == http.MethodHead {
		object, err := q.bucket.Get(q.key, version)
		return object, nil, err
	}
	return q.bucket.Open(q.key, version)
}

// checkRead holds a reader to the object's encryption key and to the request's conditions, and settles the range.
func (q *request) checkRead(object *store.Object) (customerKey, error) {
	key, err := readCustomerKey(q.Header, customerPrefix)
	if err != nil {
		return key, err
	}
	if err := key.opens(object.CustomerKey); err != nil {
		return key, err
	}
	if err := objects.Preconditions(q.Header, "", object); err != nil {
		if e := aws.AsError(err); e.Status == http.StatusNotModified {
			q.w.Header().Set("ETag", `"`+object.ETag+`"`)
			q.w.Header().Set("Last-Modified", object.Modified.Format(http.TimeFormat))
		}
		return key, err
	}
	if q.query.Has("partNumber") {
		return key, q.selectPart(object)
	}
	if value := q.Header.Get("Range"); value != "" {
		q.Header.Set("Range", objects.NormalRange(value, object.Size))
	}
	return key, nil
}

// selectPart makes the part that the request names a range; an object that came in one piece is its own part 1.
func (q *request) selectPart(object *store.Object) error {
	value := q.query.Get("partNumber")
	number, err := parsePartNumber(value)
	if err != nil {
		return err
	}
	if q.Header.Get("Range") != "" {
		return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
	}
	parts := object.Parts
	if len(parts) == 0 {
		parts = []store.ObjectPart{{Number: 1, Size: object.Size}}
	} else {
		q.w.Header().Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(parts)))
	}
	var start int64
	for i, part := range parts {
		if i+1 == number {
			if part.Size > 0 {
				q.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", start, start+part.Size-1))
			}
			return nil
		}
		start += part.Size
	}
	return aws.NewError(http.StatusRequestedRangeNotSatisfiable, "InvalidPartNumber", "The requested partnumber is not satisfiable").
		With("PartNumberRequested", value).With("ActualPartCount", strconv.Itoa(len(parts)))
}

// describe adds the headers by which S3 confirms what is stored.
func (q *request) describe(object *store.Object, key customerKey, h http.Header) {
	h["Etag"] = []string{`"` + object.ETag + `"`}
	if q.bucket.Settings().Versioning != "" {
		h.Set("X-Amz-Version-Id", object.Version)
	}
	describeEncryption(object.Attributes, key, h)
}

func (q *request) describeRead(object *store.Object, h http.Header) {
	if len(object.Tags) > 0 {
		h.Set("X-Amz-Tagging-Count", strconv.Itoa(len(object.Tags)))
	}
	if object.Retention.Mode != "" {
		h.Set(lockModeHeader, object.Retention.Mode)
		h.Set(lockUntilHeader, formatTime(object.Retention.Until))
	}
	if object.LegalHold {
		h.Set(legalHoldHeader, onOff(true))
	}
	if q.Header.Get("X-Amz-Checksum-Mode") != "ENABLED" {
		return
	}
	number, _ := strconv.Atoi(q.query.Get("partNumber")) // checked by selectPart
	switch {
	case number > 0 && len(object.Parts) > 0:
		setHeaders(object.Parts[number-1].Checksums, h)
	case number > 0 || q.Header.Get("Range") == "":
		describeChecksums(object, h)
	}
}

func describeChecksums(object *store.Object, h http.Header) {
	setHeaders(object.Checksums, h)
	if kind := checksumTypeOf(object); kind != "" {
		h.Set("X-Amz-Checksum-Type", kind)
	}
}
