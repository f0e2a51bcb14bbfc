package s3

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strconv"

	"github.com/velero-locations/velero-locations/simulator/store"
	"github.com/velero-locations/velero-locations/simulator/wire"
)

// maxKeys is the most keys that S3 puts on a page, and how many it does when not told.
const maxKeys = 1000

type listedObject struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm []string `xml:",omitempty"`
	ChecksumType      string   `xml:",omitempty"`
	Size              int64
	StorageClass      string
	Owner             *listedOwner `xml:",omitempty"`
}

type listedPrefix struct {
	Prefix string
}

// listing is what both versions of ListObjects answer.
type listing struct {
	XMLName        xml.Name `xml:"ListBucketResult"`
	Xmlns          string   `xml:"xmlns,attr"`
	Name           string
	Prefix         string
	Delimiter      string `xml:",omitempty"`
	EncodingType   string `xml:",omitempty"`
	MaxKeys        int
	IsTruncated    bool
	Contents       []listedObject
	CommonPrefixes []listedPrefix
}

type listingV1 struct {
	listing
	Marker     string
	NextMarker string `xml:",omitempty"`
}

type listingV2 struct {
	listing
	KeyCount              int
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
}

// listObjects is ListObjects, the first version. NextMarker is there only with a delimiter, as S3 has it.
func listObjects(q *request) error {
	query := q.query
	out := listingV1{Marker: query.Get("marker")}
	page, encode, err := q.list(&out.listing, out.Marker, true)
	if err != nil {
		return err
	}
	if out.Delimiter != "" {
		out.NextMarker = encode(page.Next)
	}
	out.Marker = encode(out.Marker)
	return wire.WriteXML(q.w, out)
}

// listObjectsV2 is ListObjectsV2. The continuation token says where the page before ended.
func listObjectsV2(q *request) error {
	query := q.query
	if version := query.Get("list-type"); version != "2" {
		return invalidArgument("list-type", version, "Invalid List Type specified in Request")
	}
	out := listingV2{StartAfter: query.Get("start-after"), ContinuationToken: query.Get("continuation-token")}
	after := out.StartAfter
	if query.Has("continuation-token") {
		token, err := base64.RawURLEncoding.DecodeString(out.ContinuationToken)
		if err != nil || len(token) == 0 {
			return invalidArgument("continuation-token", out.ContinuationToken, "The continuation token provided is incorrect")
		}
		after = string(token)
	}
	page, encode, err := q.list(&out.listing, after, query.Get("fetch-owner") == "true")
	if err != nil {
		return err
	}
	out.KeyCount = len(out.Contents) + len(out.CommonPrefixes)
	out.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte(page.Next))
	out.StartAfter = encode(out.StartAfter)
	return wire.WriteXML(q.w, out)
}

// list fills in a page, and returns how the client wants keys encoded.
func (q *request) list(out *listing, after string, withOwner bool) (store.Page, func(string) string, error) {
	query := q.query
	limit, encode, err := listParameters(query, "max-keys")
	if err != nil {
		return store.Page{}, nil, err
	}
	page := q.bucket.List(store.ListOptions{
		Prefix: query.Get("prefix"), Delimiter: query.Get("delimiter"), After: after, Max: min(limit, maxKeys),
	})
	out.Xmlns, out.Name, out.MaxKeys, out.IsTruncated = wire.Namespace, q.name, limit, page.Truncated
	out.Prefix, out.Delimiter = encode(query.Get("prefix")), encode(query.Get("delimiter"))
	out.EncodingType = query.Get("encoding-type")
	owner := q.owner()
	for _, object := range page.Objects {
		listed := listedObject{
			Key: encode(object.Key), LastModified: formatTime(object.Modified), ETag: `"` + object.ETag + `"`,
			Size: object.Size, StorageClass: storageClass(object),
		}
		listed.ChecksumAlgorithm, listed.ChecksumType = checksumAlgorithms(object)
		if withOwner {
			listed.Owner = &owner
		}
		out.Contents = append(out.Contents, listed)
	}
	for _, prefix := range page.Prefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, listedPrefix{encode(prefix)})
	}
	return page, encode, nil
}

// listParameters reads how many entries the client wants, and how their keys are to be encoded.
func listParameters(query url.Values, maximum string) (limit int, encode func(string) string, err error) {
	limit = maxKeys
	if value := query.Get(maximum); value != "" {
		if limit, err = strconv.Atoi(value); err != nil || limit < 0 {
			return 0, nil, invalidArgument(maximum, value, "Argument "+maximum+" must be an integer between 0 and 2147483647")
		}
	}
	switch encoding := query.Get("encoding-type"); encoding {
	case "":
		return limit, func(s string) string { return s }, nil
	case "url":
		return limit, func(s string) string { return wire.URIEncode(s, true) }, nil
	default:
		return 0, nil, invalidArgument("encoding-type", encoding, "Invalid Encoding Method specified in Request")
	}
}
