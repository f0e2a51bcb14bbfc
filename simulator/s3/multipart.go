package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/payload"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// maxParts is how many parts an upload has, and the number of the last, as S3's multipart upload limits have it.
const maxParts = 10000

func parsePartNumber(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > maxParts {
		return 0, invalidArgument("partNumber", value, "Part number must be an integer between 1 and 10000, inclusive")
	}
	return n, nil
}

type initiateResult struct {
	XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
	Xmlns    string   `xml:"xmlns,attr"`
	Bucket   string
	Key      string
	UploadID string `xml:"UploadId"`
}

func createMultipartUpload(q *request) error {
	attributes, key, err := q.attributes(q.Header)
	if err != nil {
		return err
	}
	algorithm, err := requestedAlgorithm(q.Header)
	if err != nil {
		return err
	}
	if attributes.ChecksumType, err = checksumType(algorithm, q.Header.Get("X-Amz-Checksum-Type")); err != nil {
		return err
	}
	id, err := q.bucket.CreateUpload(store.UploadInfo{Key: q.key, Attributes: attributes, ChecksumAlgorithm: algorithm})
	if err != nil {
		return refusal(err, q.key)
	}
	h := q.w.Header()
	describeEncryption(attributes, key, h)
	if algorithm != "" {
		h.Set("X-Amz-Checksum-Algorithm", strings.ToUpper(algorithm))
		h.Set("X-Amz-Checksum-Type", attributes.ChecksumType)
	}
	return writeXML(q.w, initiateResult{Xmlns: namespace, Bucket: q.name, Key: q.key, UploadID: id})
}

func setHeaders(headers map[string]string, h http.Header) {
	for name, value := range headers {
		h.Set(name, value)
	}
}

func uploadPart(q *request) error {
	number, upload, err := q.part()
	if err != nil {
		return err
	}
	if upload.ChecksumAlgorithm != "" {
		if err := q.body.Compute(upload.ChecksumAlgorithm); err != nil {
			return err
		}
	} else if err := q.computeChecksum(); err != nil {
		return err
	}
	part, err := q.bucket.PutPart(q.key, upload.ID, number, store.Write{Body: q.body, Size: q.body.Size, Checksums: q.body.Checksums})
	if err != nil {
		return refusal(err, q.key)
	}
	h := q.w.Header()
	h.Set("ETag", `"`+part.ETag+`"`)
	setHeaders(part.Checksums, h)
	q.w.WriteHeader(http.StatusOK)
	return nil
}

// part finds the number and the upload of a part that is written, and holds its writer to the upload's key.
func (q *request) part() (int, store.UploadInfo, error) {
	query := q.query
	number, err := parsePartNumber(query.Get("partNumber"))
	if err != nil {
		return 0, store.UploadInfo{}, err
	}
	upload, err := q.bucket.Upload(q.key, query.Get("uploadId"))
	if err != nil {
		return 0, upload, refusal(err, q.key)
	}
	key, err := readCustomerKey(q.Header, customerPrefix)
	if err != nil {
		return 0, upload, err
	}
	if key.hash != upload.Attributes.CustomerKey {
		return 0, upload, aws.NewError(http.StatusBadRequest, "InvalidRequest",
			"The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.")
	}
	h := q.w.Header()
	key.describe(h)
	if algorithm := upload.Attributes.Headers[sseHeader]; algorithm != "" {
		h.Set(sseHeader, algorithm)
	}
	return number, upload, nil
}

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
	q.describe(object, customerKey{}, q.w.Header())
	q.w.Header().Del("ETag")
	location := url.URL{Scheme: "http", Host: q.Host, Path: "/" + q.name + "/" + q.key}
	if q.TLS != nil {
		location.Scheme = "https"
	}
	return writeXML(q.w, completeResult{
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
		Initiator: q.owner(), Owner: q.owner(), StorageClass: "STANDARD", PartNumberMarker: marker, MaxParts: limit,
		ChecksumAlgorithm: strings.ToUpper(upload.ChecksumAlgorithm), ChecksumType: upload.Attributes.ChecksumType,
	}
	if class := upload.Attributes.Headers["X-Amz-Storage-Class"]; class != "" {
		out.StorageClass = class
	}
	parts = slices.DeleteFunc(parts, func(p store.PartInfo) bool { return p.Number <= marker })
	if limit = min(limit, maxKeys); len(parts) > limit {
		parts, out.IsTruncated = parts[:limit], true
	}
	for _, p := range parts {
		out.NextPartNumberMarker = p.Number
		out.Parts = append(out.Parts, listedPart{p.Number, formatTime(p.Modified), `"` + p.ETag + `"`, p.Size, p.Checksums})
	}
	return writeXML(q.w, out)
}
