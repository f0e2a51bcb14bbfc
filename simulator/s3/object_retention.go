package s3

import (
	"encoding/xml"
	"net/http"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type retentionDocument struct {
	XMLName xml.Name `xml:"Retention"`
	Xmlns   string   `xml:"xmlns,attr,omitempty"`
	Mode    string   `xml:",omitempty"`
	Until   string   `xml:"RetainUntilDate,omitempty"`
}

func getObjectRetention(q *request) error {
	object, err := q.lockable()
	if err != nil {
		return err
	}
	if object.Retention.Mode == "" {
		return noLockConfiguration()
	}
	return writeXML(q.W, retentionDocument{Xmlns: namespace, Mode: object.Retention.Mode, Until: formatTime(object.Retention.Until)})
}

func noLockConfiguration() *aws.Error {
	return aws.NewError(http.StatusNotFound, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration")
}

// putObjectRetention is PutObjectRetention; an empty document lifts a retention, as S3 allows it to those who may bypass it.
func putObjectRetention(q *request) error {
	if _, err := q.lockable(); err != nil {
		return err
	}
	var in retentionDocument
	if err := readXML(q.document, "Retention", &in); err != nil {
		return err
	}
	var retention store.Retention
	if in.Mode != "" || in.Until != "" {
		_, err := time.Parse(time.RFC3339, in.Until)
		if in.Mode != store.Governance && in.Mode != store.Compliance || err != nil {
			return malformedXML()
		}
		if retention, err = q.parseRetention(in.Mode, in.Until); err != nil {
			return err
		}
	}
	return q.change(http.StatusOK, "", func(a *store.Attributes) error {
		if err := a.Retention.Replaceable(retention, q.Now, q.bypassesGovernance()); err != nil {
			return err
		}
		a.Retention = retention
		return nil
	})
}
