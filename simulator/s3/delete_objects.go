package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type deleteRequest struct {
	Quiet   bool
	Objects []struct {
		Key       string
		VersionID string `xml:"VersionId"`
		ETag      string
	} `xml:"Object"`
}

type deletedObject struct {
	XMLName               xml.Name
	Key                   string
	VersionID             string `xml:"VersionId,omitempty"`
	DeleteMarker          bool   `xml:",omitempty"`
	DeleteMarkerVersionID string `xml:"DeleteMarkerVersionId,omitempty"`
	Code                  string `xml:",omitempty"`
	Message               string `xml:",omitempty"`
}

type deleteResult struct {
	XMLName xml.Name `xml:"DeleteResult"`
	Xmlns   string   `xml:"xmlns,attr"`
	Results []deletedObject
}

// maxDeletes is how many keys DeleteObjects takes, as S3 documents it.
const maxDeletes = 1000

// deleteObjects is DeleteObjects: what fails does not stop the rest. Its body must come with a checksum.
func deleteObjects(q *request) error {
	if !q.body.Promised() && !q.body.PromisedMD5() {
		return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	var in deleteRequest
	if err := readXML(q.document, "Delete", &in); err != nil {
		return err
	}
	if len(in.Objects) == 0 || len(in.Objects) > maxDeletes {
		return malformedXML()
	}
	out := deleteResult{Xmlns: namespace}
	for _, named := range in.Objects {
		deletion := q.deletion(named.Key, named.VersionID)
		deletion.Conditions.IfMatch = named.ETag
		result := q.deleteOne(deletion)
		if !in.Quiet || result.Code != "" {
			out.Results = append(out.Results, result)
		}
	}
	return writeXML(q.W, out)
}

// permitDeletion deletes what the signer may delete.
func (q *request) permitDeletion(d store.Deletion) (store.Deleted, error) {
	bucket := q.bucket.Info()
	if !q.permits(action("DeleteObject", d.Version), bucket, d.Key) || d.BypassGovernance && !q.permits(bypassAction, bucket, d.Key) {
		return store.Deleted{}, accessDenied()
	}
	return q.bucket.Delete(d)
}

func (q *request) deleteOne(d store.Deletion) deletedObject {
	out := deletedObject{XMLName: xml.Name{Local: "Deleted"}, Key: d.Key, VersionID: d.Version}
	deleted, err := q.permitDeletion(d)
	if err != nil {
		e := aws.AsError(refusal(err, d.Key))
		out.XMLName.Local, out.Code, out.Message = "Error", e.Code, e.Message
		return out
	}
	if deleted.DeleteMarker {
		out.DeleteMarker, out.DeleteMarkerVersionID = true, deleted.Version
	}
	return out
}
