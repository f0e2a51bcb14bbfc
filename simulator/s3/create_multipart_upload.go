package s3

import (
	"encoding/xml"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

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
	info := store.UploadInfo{Key: q.key, Attributes: attributes, ChecksumAlgorithm: algorithm}
	if q.signer.Account.ID != q.bucket.Info().Account {
		info.Initiator = q.signerID()
	}
	id, err := q.bucket.CreateUpload(info)
	if err != nil {
		return refusal(err, q.key)
	}
	h := q.W.Header()
	describeEncryption(attributes, key, h)
	q.describeAbort(q.Now)
	if algorithm != "" {
		h.Set("X-Amz-Checksum-Algorithm", strings.ToUpper(algorithm))
		h.Set("X-Amz-Checksum-Type", attributes.ChecksumType)
	}
	return writeXML(q.W, initiateResult{Xmlns: namespace, Bucket: q.name, Key: q.key, UploadID: id})
}
