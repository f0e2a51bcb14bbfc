package s3

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/payload"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// defaultAlgorithm is that of the checksum which S3 gives what comes without one.
const defaultAlgorithm = "crc64nvme"

// The types of a checksum of an object that came in parts, as S3 names them.
const (
	fullObject = "FULL_OBJECT"
	composite  = "COMPOSITE"
)

// checksumElements are checksums by header name. In a document each is an element such as ChecksumCRC32.
type checksumElements map[string]string

var _ xml.Marshaler = checksumElements{}

// MarshalXML writes the elements.
func (c checksumElements) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	for _, header := range slices.Sorted(maps.Keys(c)) {
		algorithm, _ := payload.ChecksumAlgorithm(header)
		if err := e.EncodeElement(c[header], xml.StartElement{Name: xml.Name{Local: "Checksum" + strings.ToUpper(algorithm)}}); err != nil {
			return err
		}
	}
	return nil
}

// promisedChecksums are the checksums in the headers of a request.
func promisedChecksums(h http.Header) map[string]string {
	out := map[string]string{}
	for name, values := range h {
		if algorithm, found := payload.ChecksumAlgorithm(name); found {
			out[payload.ChecksumHeader(algorithm)] = values[0]
		}
	}
	return out
}

// requestedAlgorithm is the checksum algorithm that a request names, in lower case, or empty.
func requestedAlgorithm(h http.Header) (string, error) {
	name := h.Get("X-Amz-Checksum-Algorithm")
	if name == "" {
		name = h.Get("X-Amz-Sdk-Checksum-Algorithm")
	}
	algorithm := strings.ToLower(name)
	if algorithm == "" {
		return "", nil
	}
	if _, found := payload.NewChecksum(algorithm); !found {
		return "", aws.NewError(http.StatusBadRequest, "InvalidRequest", "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	}
	return algorithm, nil
}

// checksumType is the type of an upload's checksum: what the client asks for, or what S3 takes for the algorithm. It is empty where
// the client names none, which makes it one of the full object.
func checksumType(algorithm, requested string) (string, error) {
	switch {
	case algorithm == "" && requested != "":
		return "", aws.NewError(http.StatusBadRequest, "InvalidRequest", "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	case algorithm == "":
		return "", nil
	case requested == "" && algorithm == "crc64nvme":
		return fullObject, nil
	case requested == "":
		return composite, nil
	case requested != fullObject && requested != composite:
		return "", aws.NewError(http.StatusBadRequest, "InvalidRequest", "Value for x-amz-checksum-type header is invalid.")
	case requested == fullObject && !strings.HasPrefix(algorithm, "crc"), requested == composite && algorithm == "crc64nvme":
		return "", aws.NewError(http.StatusBadRequest, "InvalidRequest",
			fmt.Sprintf("The %s checksum type cannot be used with the %s checksum algorithm.", requested, algorithm))
	}
	return requested, nil
}

// objectSum makes the checksum of an object that is put together from parts.
type objectSum struct {
	header, kind string
	full         hash.Hash // of a full object
	algorithm    string
	promised     string
}

func newObjectSum(upload store.UploadInfo, h http.Header) (*objectSum, error) {
	s := &objectSum{
		algorithm: cmp.Or(upload.ChecksumAlgorithm, defaultAlgorithm), kind: cmp.Or(upload.Attributes.ChecksumType, fullObject),
	}
	s.header = payload.ChecksumHeader(s.algorithm)
	if kind := h.Get("X-Amz-Checksum-Type"); kind != "" && kind != s.kind {
		return nil, aws.NewError(http.StatusBadRequest, "InvalidRequest", "The upload was created using the "+s.kind+" checksum mode. The complete request must use the same checksum mode.")
	}
	for header, value := range promisedChecksums(h) {
		if header != s.header {
			return nil, aws.NewError(http.StatusBadRequest, "InvalidRequest", "The upload was created using a "+s.algorithm+" checksum. The complete request must use the same algorithm.")
		}
		s.promised = value
	}
	if s.kind == fullObject {
		s.full, _ = payload.NewChecksum(s.algorithm) // checked when the upload was started
	}
	return s, nil
}

// of returns the checksum of an object of the parts, and refuses when it is not the promised one.
func (s *objectSum) of(parts []store.PartInfo) (map[string]string, error) {
	var value string
	if s.full != nil {
		value = base64.StdEncoding.EncodeToString(s.full.Sum(nil))
	} else {
		sum, _ := payload.NewChecksum(s.algorithm)
		for _, p := range parts {
			raw, err := base64.StdEncoding.DecodeString(p.Checksums[s.header])
			if err != nil {
				return nil, fmt.Errorf("decoding the checksum of part %d: %w", p.Number, err)
			}
			sum.Write(raw)
		}
		value = fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(sum.Sum(nil)), len(parts))
	}
	if promised := strings.TrimSpace(s.promised); promised != "" && promised != value && !strings.HasPrefix(value, promised+"-") {
		return nil, aws.NewError(http.StatusBadRequest, "BadDigest", "The "+strings.ToUpper(s.algorithm)+" you specified did not match the calculated checksum.")
	}
	return map[string]string{s.header: value}, nil
}

// checksumAlgorithms are what a listing shows of an object's checksums.
func checksumAlgorithms(object *store.Object) (algorithms []string, kind string) {
	for header := range object.AllChecksums() {
		algorithm, _ := payload.ChecksumAlgorithm(header)
		algorithms = append(algorithms, strings.ToUpper(algorithm))
	}
	slices.Sort(algorithms)
	return algorithms, checksumTypeOf(object)
}

func checksumTypeOf(object *store.Object) string {
	if object.ChecksumType == "" && len(object.AllChecksums()) > 0 {
		return fullObject
	}
	return object.ChecksumType
}
