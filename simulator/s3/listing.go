package s3

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strconv"

	"github.com/velero-locations/velero-locations/simulator/aws/sigv4"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// maxKeys is the most keys that S3 puts on a page, and how many it puts there by default.
const maxKeys = 1000

type listedPrefix struct {
	Prefix string
}

// listing is what both versions of ListObjects answer.
type listing struct {
	XMLName      xml.Name `xml:"ListBucketResult"`
	Xmlns        string   `xml:"xmlns,attr"`
	Name         string
	Prefix       string
	Delimiter    string `xml:",omitempty"`
	EncodingType string `xml:",omitempty"`
	MaxKeys      int
	IsTruncated  bool
	// Entries are the elements Contents and CommonPrefixes.
	Entries []byte `xml:",innerxml"`
}

// list fills in a page, and returns how the client wants keys encoded.
func (q *request) list(out *listing, after string, withOwner bool) (store.Page, func(string) string, error) {
	query := q.query
	limit, encode, err := listParameters(query, "max-keys")
	if err != nil {
		return store.Page{}, nil, err
	}
	page := q.bucket.List(store.ListOptions{
		Prefix: query.Get("prefix"), Delimiter: query.Get("delimiter"), After: after, Max: limit,
	})
	out.Xmlns, out.Name, out.MaxKeys, out.IsTruncated = namespace, q.name, limit, page.Truncated
	out.Prefix, out.Delimiter = encode(query.Get("prefix")), encode(query.Get("delimiter"))
	out.EncodingType = query.Get("encoding-type")
	var bucketOwner []byte
	if withOwner {
		bucketOwner = q.owner().appendTo(nil)
	}
	out.Entries = make([]byte, 0, (len(page.Objects)+len(page.Prefixes))*usualEntry)
	restores, err := q.wantsRestoreStatus()
	if err != nil {
		return store.Page{}, nil, err
	}
	for _, object := range page.Objects {
		owner := bucketOwner
		if withOwner && object.ACL != nil {
			owner = q.ownerOf(object.ACL).appendTo(nil)
		}
		out.Entries = appendObject(out.Entries, object, encode(object.Key), owner)
		if restores {
			out.Entries = q.appendRestoreStatus(out.Entries, object)
		}
		out.Entries = append(out.Entries, "</Contents>"...)
	}
	for _, prefix := range page.Prefixes {
		out.Entries = append(out.Entries, "<CommonPrefixes>"...)
		out.Entries = appendElement(out.Entries, "Prefix", encode(prefix))
		out.Entries = append(out.Entries, "</CommonPrefixes>"...)
	}
	return page, encode, nil
}

// usualEntry is roughly how long the element of an object is, in bytes.
const usualEntry = 400

// appendObject adds the element of an object, but for its end; owner is the one of its owner, or nothing.
func appendObject(out []byte, object *store.Object, key string, owner []byte) []byte {
	out = appendElement(append(out, "<Contents>"...), "Key", key)
	out = object.Modified.UTC().AppendFormat(append(out, "<LastModified>"...), timeFormat)
	out = append(append(out, "</LastModified><ETag>&quot;"...), object.ETag...)
	out = append(out, "&quot;</ETag>"...)
	algorithms, kind := checksumAlgorithms(object)
	for _, algorithm := range algorithms {
		out = appendElement(out, "ChecksumAlgorithm", algorithm)
	}
	if kind != "" {
		out = appendElement(out, "ChecksumType", kind)
	}
	out = strconv.AppendInt(append(out, "<Size>"...), object.Size, 10)
	out = appendElement(append(out, "</Size>"...), "StorageClass", object.StorageClass())
	return append(out, owner...)
}

// pageToken is the opaque token for what comes after the last entry of a page.
func pageToken(last string) string { return base64.RawURLEncoding.EncodeToString([]byte(last)) }

// continuation reads the token of the page before; it is empty where there is none.
func continuation(query url.Values) (last string, err error) {
	if !query.Has("continuation-token") {
		return "", nil
	}
	token := query.Get("continuation-token")
	decoded, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(decoded) == 0 {
		return "", invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
	}
	return string(decoded), nil
}

// listParameters reads how many entries a page has, and how their keys are to be encoded.
func listParameters(query url.Values, maximum string) (limit int, encode func(string) string, err error) {
	limit = maxKeys
	if value := query.Get(maximum); value != "" {
		if limit, err = strconv.Atoi(value); err != nil || limit < 0 {
			return 0, nil, invalidArgument(maximum, value, "Argument "+maximum+" must be an integer between 0 and 2147483647")
		}
	}
	limit = min(limit, maxKeys)
	switch encoding := query.Get("encoding-type"); encoding {
	case "":
		return limit, func(s string) string { return s }, nil
	case "url":
		return limit, func(s string) string { return sigv4.URIEncode(s, true) }, nil
	default:
		return 0, nil, invalidArgument("encoding-type", encoding, "Invalid Encoding Method specified in Request")
	}
}
