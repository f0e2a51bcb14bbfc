package s3

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"

	"github.com/velero-locations/velero-locations/simulator/aws"
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

func uploadPart(q *request) error {
	number, upload, err := q.part()
	if err != nil {
		return err
	}
	if err := q.checkLockedBody(upload.Attributes, "Put Part"); err != nil {
		return err
	}
	if err := q.checkPartChecksum(upload); err != nil {
		return err
	}
	part, err := q.bucket.PutPart(q.key, upload.ID, number, store.Write{Body: q.body, Size: q.body.Size, Checksums: q.body.Checksums})
	if err != nil {
		return refusal(err, q.key)
	}
	h := q.W.Header()
	h.Set("ETag", `"`+part.ETag+`"`)
	setHeaders(part.Checksums, h)
	q.W.WriteHeader(http.StatusOK)
	return nil
}

// checkPartChecksum holds a part to the algorithm of its upload. Where the checksum of the object is made of those of the parts, each
// part comes with one. In an upload without an algorithm a part may have any: AWS's SDK for Go sends one by default.
func (q *request) checkPartChecksum(upload store.UploadInfo) error {
	named, err := requestedAlgorithm(q.Header)
	if err != nil {
		return err
	}
	sent, wanted := cmp.Or(q.body.Algorithm(), named), upload.ChecksumAlgorithm
	if wanted != "" && sent != wanted && (sent != "" || upload.Attributes.ChecksumType == composite) {
		return aws.NewError(http.StatusBadRequest, "InvalidRequest", fmt.Sprintf(
			"Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s", wanted, cmp.Or(sent, "null")))
	}
	if wanted = cmp.Or(wanted, sent); wanted == "" {
		return nil
	}
	return q.body.Compute(wanted)
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
	describeEncryption(upload.Attributes, key, q.W.Header())
	return number, upload, nil
}
