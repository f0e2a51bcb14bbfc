package s3

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type listedPart struct {
	PartNumber   int
	LastModified string
	ETag         string
	Size         int64
	Checksums    checksumElements
}

type listPartsResult struct {
	XMLName              xml.Name `xml:"ListPartsResult"`
	Xmlns                string   `xml:"xmlns,attr"`
	Bucket               string
	Key                  string
	EncodingType         string `xml:",omitempty"`
	UploadID             string `xml:"UploadId"`
	Initiator            listedOwner
	Owner                listedOwner
	StorageClass         string
	PartNumberMarker     int
	NextPartNumberMarker int
	MaxParts             int
	IsTruncated          bool
	ChecksumAlgorithm    string       `xml:",omitempty"`
	ChecksumType         string       `xml:",omitempty"`
	Parts                []listedPart `xml:"Part"`
}

func listParts(q *request) error {
	query := q.query
	limit, encode, err := listParameters(query, "max-parts")
	if err != nil {
		return err
	}
	marker := 0
	if value := query.Get("part-number-marker"); value != "" {
		if marker, err = strconv.Atoi(value); err != nil || marker < 0 {
			return invalidArgument("part-number-marker", value, "Argument part-number-marker must be an integer between 0 and 2147483647")
		}
	}
	upload, err := q.bucket.Upload(q.key, query.Get("uploadId"))
	if err != nil {
		return refusal(err, q.key)
	}
	parts, err := q.bucket.Parts(q.key, upload.ID)
	if err != nil {
		return refusal(err, q.key)
	}
	out := listPartsResult{
		Xmlns: namespace, Bucket: q.name, Key: encode(q.key), EncodingType: query.Get("encoding-type"), UploadID: upload.ID,
		Initiator: q.initiator(upload), Owner: q.ownerOf(upload.Attributes.ACL), StorageClass: upload.Attributes.StorageClass(), PartNumberMarker: marker, MaxParts: limit,
		ChecksumAlgorithm: strings.ToUpper(upload.ChecksumAlgorithm), ChecksumType: upload.Attributes.ChecksumType,
	}
	parts = slices.DeleteFunc(parts, func(p store.PartInfo) bool { return p.Number <= marker })
	if len(parts) > limit {
		parts, out.IsTruncated = parts[:limit], limit > 0
	}
	for _, p := range parts {
		out.NextPartNumberMarker = p.Number
		out.Parts = append(out.Parts, listedPart{p.Number, formatTime(p.Modified), `"` + p.ETag + `"`, p.Size, p.Checksums})
	}
	q.describeAbort(upload.Initiated)
	return writeXML(q.W, out)
}
