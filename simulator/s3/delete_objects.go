package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type deleteRequest struct {
	Quiet   bool
	Objects []objectToDelete `xml:"Object"`
}

type objectToDelete struct {
	Key       string
	VersionID string `xml:"VersionId"`
	ETag      string
	// Size and LastModifiedTime are conditions of directory buckets.
	Size, LastModifiedTime string
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
		result := q.deleteOne(named)
		if !in.Quiet || result.Code != "" {
			out.Results = append(out.Results, result)
		}
	}
	return writeXML(q.W, out)
}

// permitDeletion deletes what the signer may delete.
func (q *request) permitDeletion(named objectToDelete) (store.Deleted, error) {
	if named.Size != "" || named.LastModifiedTime != "" {
		return store.Deleted{}, conditionNotImplemented("Size,LastModifiedTime")
	}
	d, bucket := q.deletion(named.Key, named.VersionID), q.bucket.Info()
	d.Conditions.IfMatch = named.ETag
	if !q.permits(action("DeleteObject", d.Version), bucket, d.Key, d.Version) || d.BypassGovernance && !q.permits(bypassAction, bucket, d.Key, d.Version) || !q.mayCompare(d) {
		return store.Deleted{}, accessDenied()
	}
	deleted, err := q.bucket.Delete(d)
	if err == nil {
		q.notifyDeletion(d, deleted)
	}
	return deleted, err
}

func (q *request) deleteOne(named objectToDelete) deletedObject {
	out := deletedObject{XMLName: xml.Name{Local: "Deleted"}, Key: named.Key, VersionID: named.VersionID}
	deleted, err := q.permitDeletion(named)
	if err != nil {
		e := aws.AsError(refusal(err, named.Key))
		out.XMLName.Local, out.Code, out.Message = "Error", e.Code, e.Message
		return out
	}
	if deleted.DeleteMarker {
		out.DeleteMarker, out.DeleteMarkerVersionID = true, deleted.Version
	}
	return out
}
