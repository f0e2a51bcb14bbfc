package s3

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type attributesChecksum struct {
	Values       checksumElements
	ChecksumType string `xml:",omitempty"`
}

type attributesPart struct {
	PartNumber int
	Size       int64
	Checksums  checksumElements
}

type attributesParts struct {
	TotalPartsCount      int `xml:"PartsCount"`
	PartNumberMarker     int
	NextPartNumberMarker int
	MaxParts             int
	IsTruncated          bool
	Parts                []attributesPart `xml:"Part"`
}

type attributesResult struct {
	XMLName      xml.Name            `xml:"GetObjectAttributesResponse"`
	Xmlns        string              `xml:"xmlns,attr"`
	ETag         string              `xml:",omitempty"`
	Checksum     *attributesChecksum `xml:",omitempty"`
	ObjectParts  *attributesParts    `xml:",omitempty"`
	StorageClass string              `xml:",omitempty"`
	ObjectSize   *int64              `xml:",omitempty"`
}

var objectAttributes = []string{"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"}

func getObjectAttributes(q *request) error {
	wanted, err := wantedAttributes(q.Header)
	if err != nil {
		return err
	}
	object, err := q.object()
	if err != nil {
		return err
	}
	if _, err := q.checkRead(object); err != nil {
		return err
	}
	out := attributesResult{Xmlns: namespace}
	for _, name := range wanted {
		switch name {
		case "ETag":
			out.ETag = object.ETag
		case "Checksum":
			if sums := object.AllChecksums(); len(sums) > 0 {
				out.Checksum = &attributesChecksum{withoutCounts(sums), checksumTypeOf(object)}
			}
		case "ObjectParts":
			if out.ObjectParts, err = q.objectParts(object); err != nil {
				return err
			}
		case "StorageClass":
			out.StorageClass = object.StorageClass()
		case "ObjectSize":
			out.ObjectSize = &object.Size
		}
	}
	q.W.Header().Set("Last-Modified", object.Modified.Format(http.TimeFormat))
	return writeXML(q.W, out)
}

// withoutCounts leaves out the number of parts that S3 adds to a composite checksum everywhere but here.
func withoutCounts(sums map[string]string) checksumElements {
	out := checksumElements{}
	for name, value := range sums {
		out[name], _, _ = strings.Cut(value, "-") // which base64 does not hold
	}
	return out
}

func wantedAttributes(h http.Header) ([]string, error) {
	var out []string
	for _, value := range h.Values("X-Amz-Object-Attributes") {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); !slices.Contains(objectAttributes, name) {
				return nil, invalidArgument("x-amz-object-attributes", name, "Invalid attribute name specified.")
			}
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		return nil, aws.NewError(http.StatusBadRequest, "InvalidRequest", "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty")
	}
	return out, nil
}

// objectParts lists the parts of an object; one that came in one piece has none. Parts are listed one by one only when
// they have checksums, as S3 has it.
func (q *request) objectParts(object *store.Object) (*attributesParts, error) {
	if len(object.Parts) == 0 {
		return nil, nil
	}
	out := &attributesParts{TotalPartsCount: len(object.Parts), MaxParts: maxKeys}
	for name, into := range map[string]*int{"X-Amz-Max-Parts": &out.MaxParts, "X-Amz-Part-Number-Marker": &out.PartNumberMarker} {
		if value := q.Header.Get(name); value != "" {
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 {
				return nil, invalidArgument(strings.ToLower(name), value, "Provided "+strings.ToLower(name)+" not an integer or within integer range")
			}
			if n > 0 {
				*into = n
			}
		}
	}
	for _, p := range object.Parts {
		switch {
		case p.Number <= out.PartNumberMarker || len(p.Checksums) == 0:
			continue
		case len(out.Parts) == min(out.MaxParts, maxKeys):
			out.IsTruncated = true
			return out, nil
		}
		out.NextPartNumberMarker = p.Number
		out.Parts = append(out.Parts, attributesPart{p.Number, p.Size, p.Checksums})
	}
	return out, nil
}
