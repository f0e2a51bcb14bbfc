package s3

import (
	"encoding/xml"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type lockConfiguration struct {
	XMLName xml.Name     `xml:"ObjectLockConfiguration"`
	Xmlns   string       `xml:"xmlns,attr,omitempty"`
	Enabled string       `xml:"ObjectLockEnabled"`
	Default *lockDefault `xml:"Rule>DefaultRetention"`
}

type lockDefault struct {
	Mode  string
	Days  *int `xml:",omitempty"`
	Years *int `xml:",omitempty"`
}

func getObjectLockConfiguration(q *request) error {
	set := q.bucket.Settings()
	if !set.ObjectLock {
		return aws.NewError(http.StatusNotFound, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket").With("BucketName", q.name)
	}
	out := lockConfiguration{Xmlns: namespace, Enabled: "Enabled"}
	if r := set.Retention; r.Mode != "" {
		out.Default = &lockDefault{r.Mode, setOrNil(r.Days), setOrNil(r.Years)}
	}
	return writeXML(q.W, out)
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
		var err error
		if byDefault, err = d.retention(); err != nil {
			return err
		}
	}
	return q.configure(http.StatusOK, func(s *store.Settings) error {
		if s.Versioning != store.VersioningEnabled {
			return aws.NewError(http.StatusConflict, "InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
		}
		s.ObjectLock, s.Retention = true, byDefault
		return nil
	})
}

// retention reads a default, which has a number of days or of years.
func (d *lockDefault) retention() (store.DefaultRetention, error) {
	out := store.DefaultRetention{Mode: d.Mode}
	if d.Mode != store.Governance && d.Mode != store.Compliance || (d.Days == nil) == (d.Years == nil) {
		return out, malformedXML()
	}
	period, most, of := d.Days, 36500, &out.Days
	if d.Years != nil {
		period, most, of = d.Years, 100, &out.Years
	}
	switch *of = *period; {
	case *period < 1:
		return out, aws.NewError(http.StatusBadRequest, "InvalidArgument", "Default retention period must be a positive integer value.")
	case *period > most:
		return out, aws.NewError(http.StatusBadRequest, "InvalidArgument", "Default retention period is too large")
	}
	return out, nil
}

func setOrNil(period int) *int {
	if period == 0 {
		return nil
	}
	return &period
}
