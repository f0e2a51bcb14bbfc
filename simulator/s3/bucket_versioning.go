package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type versioningConfiguration struct {
	XMLName   xml.Name         `xml:"VersioningConfiguration"`
	Xmlns     string           `xml:"xmlns,attr,omitempty"`
	Status    store.Versioning `xml:",omitempty"`
	MFADelete string           `xml:"MfaDelete,omitempty"`
}

// getBucketVersioning is GetBucketVersioning: a bucket where it was never set has no status.
func getBucketVersioning(q *request) error {
	return writeXML(q.W, versioningConfiguration{Xmlns: namespace, Status: q.bucket.Settings().Versioning})
}

func putBucketVersioning(q *request) error {
	var in versioningConfiguration
	if err := readXML(q.document, "VersioningConfiguration", &in); err != nil {
		return err
	}
	if in.Status != store.VersioningEnabled && in.Status != store.VersioningSuspended {
		return aws.NewError(http.StatusBadRequest, "IllegalVersioningConfigurationException", "The Versioning element must be specified")
	}
	if in.MFADelete == "Enabled" {
		return aws.NotImplemented("MfaDelete")
	}
	return q.configure(http.StatusOK, func(s *store.Settings) error {
		if s.ObjectLock && in.Status != store.VersioningEnabled {
			return aws.NewError(http.StatusConflict, "InvalidBucketState", "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.")
		}
		s.Versioning = in.Status
		return nil
	})
}
