package s3

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/payload"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type completeRequest struct {
	Parts []struct {
		PartNumber int
		ETag       string
		Checksums  []struct {
			XMLName xml.Name
			Value   string `xml:",chardata"`
		} `xml:",any"`
	} `xml:"Part"`
}

type completeResult struct {
	XMLName      xml.Name `xml:"CompleteMultipartUploadResult"`
	Xmlns        string   `xml:"xmlns,attr"`
	Location     string
	Bucket       string
	Key          string
	ETag         string
	Checksums    checksumElements
	ChecksumType string `xml:",omitempty"`
}

// completeMultipartUpload is CompleteMultipartUpload. Of an upload that was completed of the same parts already it answers what it
// answered then, whatever became of the object: a client asks again when the answer was lost.
func completeMultipartUpload(q *request) error {
	var in completeRequest
	if err := readXML(q.document, "CompleteMultipartUpload", &in); err != nil {
		return err
	}
	if len(in.Parts) == 0 || len(in.Parts) > maxParts {
		return malformedXML()
	}
	id := q.query.Get("uploadId")
	upload, err := q.bucket.Upload(q.key, id)
	if err != nil {
		object, err := q.bucket.Completed(q.key, id, in.parts())
		if err != nil {
			return refusal(err, q.key)
		}
		return q.writeCompleted(object)
	}
	object, err := q.complete(upload, &in)
	if err != nil {
		return refusal(err, q.key)
	}
	q.notify("s3:ObjectCreated:CompleteMultipartUpload", object)
	return q.writeCompleted(object)
}

func (q *request) complete(upload store.UploadInfo, in *completeRequest) (*store.Object, error) {
	sum, err := newObjectSum(upload, q.Header)
	if err != nil {
		return nil, err
	}
	conditions, err := writeConditions(q.Header)
	if err != nil {
		return nil, err
	}
	completion := store.Completion{Parts: in.parts(), Conditions: conditions}
	if sum.full != nil {
		completion.Content = sum.full
	}
	completion.Checksums = func(parts []store.PartInfo, size int64) (map[string]string, error) {
		if err := in.check(parts, sum); err != nil {
			return nil, err
		}
		if announced := q.Header.Get("X-Amz-Mp-Object-Size"); announced != "" && announced != strconv.FormatInt(size, 10) {
			return nil, aws.NewError(http.StatusBadRequest, "InvalidRequest", "The provided 'x-amz-mp-object-size' header value "+announced+" does not match what was computed.")
		}
		return sum.of(parts)
	}
	return q.bucket.Complete(q.key, upload.ID, completion)
}

func (q *request) writeCompleted(object *store.Object) error {
	q.describe(object, customerKey{}, q.W.Header())
	q.W.Header().Del("ETag")
	location := url.URL{Scheme: "http", Host: q.Host, Path: "/" + q.name + "/" + q.key}
	if q.TLS != nil {
		location.Scheme = "https"
	}
	return writeXML(q.W, completeResult{
		Xmlns: namespace, Location: location.String(), Bucket: q.name, Key: q.key, ETag: `"` + object.ETag + `"`,
		Checksums: object.AllChecksums(), ChecksumType: checksumTypeOf(object),
	})
}

func (c *completeRequest) parts() []store.PartInfo {
	out := make([]store.PartInfo, len(c.Parts))
	for i, p := range c.Parts {
		out[i] = store.PartInfo{Number: p.PartNumber, ETag: p.ETag}
	}
	return out
}

// check compares the checksums that the client gives with the parts with those that the parts have. Where that of the object is made
// of them, all are given.
func (c *completeRequest) check(parts []store.PartInfo, sum *objectSum) error {
	for i, p := range c.Parts {
		complete := sum.kind != composite
		for _, given := range p.Checksums {
			algorithm, found := strings.CutPrefix(given.XMLName.Local, "Checksum")
			if !found {
				continue
			}
			if parts[i].Checksums[payload.ChecksumHeader(strings.ToLower(algorithm))] != strings.TrimSpace(given.Value) {
				return refusal(store.ErrInvalidPart, "")
			}
			complete = true
		}
		if !complete {
			return aws.NewError(http.StatusBadRequest, "InvalidRequest", fmt.Sprintf(
				"The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.", sum.algorithm, p.PartNumber))
		}
	}
	return nil
}
