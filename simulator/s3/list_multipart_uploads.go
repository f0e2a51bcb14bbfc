package s3

import (
	"encoding/xml"
	"strings"
)

type listedUpload struct {
	Key          string
	UploadID     string `xml:"UploadId"`
	Initiator    listedOwner
	Owner        listedOwner
	StorageClass string
	Initiated    string
}

type listMultipartUploadsResult struct {
	XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
	Xmlns              string   `xml:"xmlns,attr"`
	Bucket             string
	KeyMarker          string
	UploadIDMarker     string `xml:"UploadIdMarker"`
	NextKeyMarker      string `xml:",omitempty"`
	NextUploadIDMarker string `xml:"NextUploadIdMarker,omitempty"`
	Prefix             string `xml:",omitempty"`
	Delimiter          string `xml:",omitempty"`
	EncodingType       string `xml:",omitempty"`
	MaxUploads         int
	IsTruncated        bool
	Uploads            []listedUpload `xml:"Upload"`
	CommonPrefixes     []listedPrefix
}

// listMultipartUploads is ListMultipartUploads: by key, and for one key by the time they were started.
func listMultipartUploads(q *request) error {
	query := q.query
	limit, encode, err := listParameters(query, "max-uploads")
	if err != nil {
		return err
	}
	prefix, delimiter := query.Get("prefix"), query.Get("delimiter")
	keyMarker, idMarker := query.Get("key-marker"), query.Get("upload-id-marker")
	out := listMultipartUploadsResult{
		Xmlns: namespace, Bucket: q.name, KeyMarker: encode(keyMarker), UploadIDMarker: idMarker,
		Prefix: encode(prefix), Delimiter: encode(delimiter), EncodingType: query.Get("encoding-type"), MaxUploads: limit,
	}
	var last struct{ key, id string }
	for _, upload := range q.bucket.Uploads(prefix) {
		if !upload.After(keyMarker, idMarker) {
			continue
		}
		before, _, rolled := strings.Cut(strings.TrimPrefix(upload.Key, prefix), delimiter)
		common := prefix + before + delimiter
		if rolled = rolled && delimiter != ""; rolled && (common == last.key || common == keyMarker) {
			continue
		}
		if len(out.Uploads)+len(out.CommonPrefixes) == limit {
			out.IsTruncated, out.NextKeyMarker, out.NextUploadIDMarker = limit > 0, encode(last.key), last.id
			break
		}
		if rolled {
			last.key, last.id = common, ""
			out.CommonPrefixes = append(out.CommonPrefixes, listedPrefix{encode(common)})
			continue
		}
		last.key, last.id = upload.Key, upload.ID
		out.Uploads = append(out.Uploads, listedUpload{
			Key: encode(upload.Key), UploadID: upload.ID, Initiator: q.initiator(upload), Owner: q.ownerOf(upload.Attributes.ACL),
			StorageClass: upload.Attributes.StorageClass(), Initiated: formatTime(upload.Initiated),
		})
	}
	return writeXML(q.W, out)
}
