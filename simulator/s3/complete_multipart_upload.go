package s3

import (
	"encoding/xml"
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

func completeMultipartUpload(q *request) error {
	id := q.query.Get("uploadId")
	upload, err := q.bucket.Upload(q.key, id)
	if err != nil {
		return refusal(err, q.key)
	}
	var in completeRequest
	if err := readXML(q.document, "CompleteMultipartUpload", &in); err != nil {
		return err
	}
	if len(in.Parts) == 0 || len(in.Parts) > maxParts {
		return malformedXML()
	}
	sum, err := newObjectSum(upload, q.Header)
	if err != nil {
		return err
	}
	completion := store.Completion{Conditions: conditions(q.Header)}
	if sum.full != nil {
		completion.Content = sum.full
	}
	for _, p := range in.Parts {
		completion.Parts = append(completion.Parts, store.PartInfo{Number: p.PartNumber, ETag: p.ETag})
	}
	completion.Checksums = func(parts []store.PartInfo, size int64) (map[string]string, error) {
		if err := in.check(parts); err != nil {
			return nil, err
		}
		if announced := q.Header.Get("X-Amz-Mp-Object-Size"); announced != "" && announced != strconv.FormatInt(size, 10) {
			return nil, aws.NewError(http.StatusBadRequest, "InvalidRequest", "The provided 'x-amz-mp-object-size' header value "+announced+" does not match what was computed.")
		}
		return sum.of(parts)
	}
	object, err := q.bucket.Complete(q.key, id, completion)
	if err != nil {
		return refusal(err, q.key)
	}
	q.describe(object, customerKey{}, q.W.Header())
	q.W.Header().Del("ETag")
	location := url.URL{Scheme: "http", Host: q.Host, Path: "/" + q.name + "/" + q.key}
	if q.TLS != nil {
		location.Scheme = "https"
	}
	return writeXML(q.W, completeResult{
		Xmlns: namespace, Location: location.String(), Bucket: q.name, Key: q.key, ETag: `"` + object.ETag + `"`,
		Checksums: object.Checksums, ChecksumType: checksumTypeOf(object),
	})
}

// check compares the checksums that the client gives with the parts with those that the parts have.
func (c *completeRequest) check(parts []store.PartInfo) error {
	for i, p := range c.Parts {
		for _, given := range p.Checksums {
			algorithm, found := strings.CutPrefix(given.XMLName.Local, "Checksum")
			has := parts[i].Checksums[payload.ChecksumHeader(strings.ToLower(algorithm))]
			if found && has != "" && has != strings.TrimSpace(given.Value) {
				return refusal(store.ErrInvalidPart, "")
			}
		}
	}
	return nil
}
