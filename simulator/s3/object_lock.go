package s3

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

const (
	lockModeHeader  = "X-Amz-Object-Lock-Mode"
	lockUntilHeader = "X-Amz-Object-Lock-Retain-Until-Date"
	legalHoldHeader = "X-Amz-Object-Lock-Legal-Hold"
	// bypassHeader asks to pass over a retention in governance mode, for which s3:BypassGovernanceRetention is needed.
	bypassHeader = "X-Amz-Bypass-Governance-Retention"
)

func (q *request) bypassesGovernance() bool {
	return strings.EqualFold(q.Header.Get(bypassHeader), "true")
}

type lockConfiguration struct {
	XMLName xml.Name     `xml:"ObjectLockConfiguration"`
	Xmlns   string       `xml:"xmlns,attr,omitempty"`
	Enabled string       `xml:"ObjectLockEnabled"`
	Default *lockDefault `xml:"Rule>DefaultRetention"`
}

type lockDefault struct {
	Mode  string
	Days  int `xml:",omitempty"`
	Years int `xml:",omitempty"`
}

func getObjectLockConfiguration(q *request) error {
	set := q.bucket.Settings()
	if !set.ObjectLock {
		return aws.NewError(http.StatusNotFound, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket").With("BucketName", q.name)
	}
	out := lockConfiguration{Xmlns: namespace, Enabled: "Enabled"}
	if r := set.Retention; r.Mode != "" {
		out.Default = &lockDefault{r.Mode, r.Days, r.Years}
	}
	return writeXML(q.w, out)
}

// putObjectLockConfiguration is PutObjectLockConfiguration. A bucket that was made without object lock gets it too, if
// versioning is enabled, as S3 has it since 2023.
func putObjectLockConfiguration(q *request) error {
	var in lockConfiguration
	if err := readXML(q.document, "ObjectLockConfiguration", &in); err != nil {
		return err
	}
	if in.Enabled != "Enabled" {
		return malformedXML()
	}
	var byDefault store.DefaultRetention
	if d := in.Default; d != nil {
		if d.Mode != store.Governance && d.Mode != store.Compliance || (d.Days > 0) == (d.Years > 0) || d.Days < 0 || d.Years < 0 {
			return malformedXML()
		}
		if d.Days > 36500 || d.Years > 100 {
			return aws.NewError(http.StatusBadRequest, "InvalidArgument", "Default retention period is too large")
		}
		byDefault = store.DefaultRetention{Mode: d.Mode, Days: d.Days, Years: d.Years}
	}
	return q.configure(http.StatusOK, func(s *store.Settings) error {
		if s.Versioning != store.VersioningEnabled {
			return aws.NewError(http.StatusConflict, "InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
		}
		s.ObjectLock, s.Retention = true, byDefault
		return nil
	})
}

// lockAttributes reads the object lock of an object that is written.
func (q *request) lockAttributes(h http.Header, a *store.Attributes) error {
	mode, until, hold := h.Get(lockModeHeader), h.Get(lockUntilHeader), h.Get(legalHoldHeader)
	if mode == "" && until == "" && hold == "" {
		return nil
	}
	if !q.bucket.Settings().ObjectLock {
		return lockMissing()
	}
	if (mode == "") != (until == "") {
		return invalidArgument("x-amz-object-lock-mode", mode, "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied")
	}
	if mode != "" {
		retention, err := q.parseRetention(mode, until)
		if err != nil {
			return err
		}
		a.Retention = retention
	}
	switch hold {
	case "", "OFF":
	case "ON":
		a.LegalHold = true
	default:
		return invalidArgument("x-amz-object-lock-legal-hold", hold, "Legal Hold must be either of 'ON' or 'OFF'")
	}
	return nil
}

func lockMissing() *aws.Error {
	return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Bucket is missing Object Lock Configuration")
}

func (q *request) parseRetention(mode, until string) (store.Retention, error) {
	if mode != store.Governance && mode != store.Compliance {
		return store.Retention{}, invalidArgument("x-amz-object-lock-mode", mode, "Unknown wormMode directive.")
	}
	t, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return store.Retention{}, invalidArgument("x-amz-object-lock-retain-until-date", until, "The retain until date must be provided in ISO 8601 format")
	}
	if !t.After(q.requestedAt) {
		return store.Retention{}, invalidArgument("x-amz-object-lock-retain-until-date", until, "The retain until date must be in the future!")
	}
	return store.Retention{Mode: mode, Until: t.UTC()}, nil
}

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
	return writeXML(q.w, retentionDocument{Xmlns: namespace, Mode: object.Retention.Mode, Until: formatTime(object.Retention.Until)})
}

// lockable finds the object of a request that is about its lock.
func (q *request) lockable() (*store.Object, error) {
	if !q.bucket.Settings().ObjectLock {
		return nil, lockMissing()
	}
	return q.object()
}

func noLockConfiguration() *aws.Error {
	return aws.NewError(http.StatusNotFound, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration")
}

// putObjectRetention is PutObjectRetention; an empty document lifts a retention, as S3 has it for who may bypass it.
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
		if in.Mode == "" || in.Until == "" {
			return malformedXML()
		}
		var err error
		if retention, err = q.parseRetention(in.Mode, in.Until); err != nil {
			return err
		}
	}
	return q.change(http.StatusOK, func(a *store.Attributes) error {
		if err := a.Retention.Replaceable(retention, q.requestedAt, q.bypassesGovernance()); err != nil {
			return err
		}
		a.Retention = retention
		return nil
	})
}

type legalHoldDocument struct {
	XMLName xml.Name `xml:"LegalHold"`
	Xmlns   string   `xml:"xmlns,attr,omitempty"`
	Status  string
}

func onOff(on bool) string {
	if on {
		return "ON"
	}
	return "OFF"
}

func getObjectLegalHold(q *request) error {
	object, err := q.lockable()
	if err != nil {
		return err
	}
	return writeXML(q.w, legalHoldDocument{Xmlns: namespace, Status: onOff(object.LegalHold)})
}

func putObjectLegalHold(q *request) error {
	if _, err := q.lockable(); err != nil {
		return err
	}
	var in legalHoldDocument
	if err := readXML(q.document, "LegalHold", &in); err != nil {
		return err
	}
	if in.Status != "ON" && in.Status != "OFF" {
		return malformedXML()
	}
	return q.change(http.StatusOK, func(a *store.Attributes) error { a.LegalHold = in.Status == "ON"; return nil })
}
