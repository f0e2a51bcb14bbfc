package s3

import (
	"encoding/xml"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
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
	var last store.UploadInfo
	for _, upload := range afterMarker(q.bucket.Uploads(prefix), keyMarker, idMarker) {
		before, _, rolled := strings.Cut(strings.TrimPrefix(upload.Key, prefix), delimiter)
		rolled = rolled && delimiter != ""
		common := encode(prefix + before + delimiter)
		if n := len(out.CommonPrefixes); rolled && n > 0 && out.CommonPrefixes[n-1].Prefix == common {
			last = upload
			continue
		}
		if len(out.Uploads)+len(out.CommonPrefixes) == min(limit, maxKeys) {
			out.IsTruncated, out.NextKeyMarker, out.NextUploadIDMarker = true, encode(last.Key), last.ID
			break
		}
		last = upload
		if rolled {
			out.CommonPrefixes = append(out.CommonPrefixes, listedPrefix{common})
			continue
		}
		out.Uploads = append(out.Uploads, listedUpload{
			Key: encode(upload.Key), UploadID: upload.ID, Initiator: q.owner(), Owner: q.owner(),
			StorageClass: "STANDARD", Initiated: formatTime(upload.Initiated),
		})
	}
	return writeXML(q.W, out)
}

// afterMarker drops what was on the pages before: keys up to the marker's, and of that key the uploads up to its id.
func afterMarker(uploads []store.UploadInfo, key, id string) []store.UploadInfo {
	if key == "" {
		return uploads
	}
	for i, upload := range uploads {
		if upload.Key > key {
			return uploads[i:]
		}
		if upload.Key == key && upload.ID == id {
			return uploads[i+1:]
		}
	}
	return nil
}
