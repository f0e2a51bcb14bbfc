package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// ownershipHeader says who is to own what is written to a new bucket.
const ownershipHeader = "X-Amz-Object-Ownership"

type ownershipControls struct {
	XMLName xml.Name          `xml:"OwnershipControls"`
	Xmlns   string            `xml:"xmlns,attr,omitempty"`
	Rules   []store.Ownership `xml:"Rule>ObjectOwnership"`
}

func getBucketOwnershipControls(q *request) error {
	set := q.bucket.Settings().Ownership
	if set == "" {
		return aws.NewError(http.StatusNotFound, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found").With("BucketName", q.name)
	}
	return writeXML(q.W, ownershipControls{Xmlns: namespace, Rules: []store.Ownership{set}})
}

func putBucketOwnershipControls(q *request) error {
	var in ownershipControls
	if err := readXML(q.document, "OwnershipControls", &in); err != nil {
		return err
	}
	if len(in.Rules) != 1 || !isOwnership(in.Rules[0]) {
		return malformedXML()
	}
	return q.configure(http.StatusOK, func(s *store.Settings) error {
		if s.Ownership = in.Rules[0]; s.ACL != nil && !s.ACLsEnabled() {
			return bucketHasACLs()
		}
		return nil
	})
}

func isOwnership(o store.Ownership) bool {
	return o == store.BucketOwnerEnforced || o == store.BucketOwnerPreferred || o == store.ObjectWriter
}

func deleteBucketOwnershipControls(q *request) error {
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.Ownership = ""; return nil })
}

// readOwnership reads who is to own what is written to a new bucket.
func readOwnership(h http.Header, s *store.Settings) error {
	value := store.Ownership(h.Get(ownershipHeader))
	if value == "" {
		return nil
	}
	if !isOwnership(value) {
		return invalidArgument("x-amz-object-ownership", string(value), "Invalid x-amz-object-ownership header")
	}
	s.Ownership = value
	return nil
}
