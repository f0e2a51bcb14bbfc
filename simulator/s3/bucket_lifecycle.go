package s3

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/lifecycle"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type lifecycleConfiguration struct {
	XMLName xml.Name         `xml:"LifecycleConfiguration"`
	Xmlns   string           `xml:"xmlns,attr,omitempty"`
	Rules   []lifecycle.Rule `xml:"Rule"`
}

// minimumSizeHeader says which objects are too small for transitions.
const minimumSizeHeader = "X-Amz-Transition-Default-Minimum-Object-Size"

func getBucketLifecycle(q *request) error {
	set := q.bucket.Settings().Lifecycle
	if len(set.Rules) == 0 {
		return aws.NewError(http.StatusNotFound, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist").With("BucketName", q.name)
	}
	q.W.Header().Set(minimumSizeHeader, set.MinimumSize)
	return writeXML(q.W, lifecycleConfiguration{Xmlns: namespace, Rules: set.Rules})
}

func putBucketLifecycle(q *request) error {
	var in lifecycleConfiguration
	if err := readXML(q.document, "LifecycleConfiguration", &in); err != nil {
		return err
	}
	if err := checkLifecycle(in.Rules); err != nil {
		return err
	}
	size := q.Header.Get(minimumSizeHeader)
	switch size {
	case "":
		size = lifecycle.AllClasses128K
	case lifecycle.AllClasses128K, lifecycle.ByClass:
	default:
		return aws.NewError(http.StatusBadRequest, "InvalidRequest", "Invalid TransitionDefaultMinimumObjectSize found: "+size)
	}
	for i := range in.Rules {
		if in.Rules[i].ID == "" {
			in.Rules[i].ID = newRuleID()
		}
	}
	q.W.Header().Set(minimumSizeHeader, size)
	return q.configure(http.StatusOK, func(s *store.Settings) error {
		s.Lifecycle = lifecycle.Configuration{Rules: in.Rules, MinimumSize: size, Since: q.Now.UTC()}
		return nil
	})
}

// newRuleID makes an id for a rule that came without one, of S3's form.
func newRuleID() string { return base64.StdEncoding.EncodeToString([]byte(uuid.NewString())) }

func deleteBucketLifecycle(q *request) error {
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.Lifecycle = lifecycle.Configuration{}; return nil })
}

// describeExpiry says when the object expires by the bucket's rules, unless the request names its version.
func (q *request) describeExpiry(object *store.Object, h http.Header) {
	if q.query.Has("versionId") {
		return
	}
	if at, rule := q.bucket.Expires(object); !at.IsZero() {
		h.Set("X-Amz-Expiration", `expiry-date="`+at.Format(http.TimeFormat)+`", rule-id="`+headerText(rule)+`"`)
	}
}

// describeAbort says when an upload is aborted by the bucket's rules.
func (q *request) describeAbort(initiated time.Time) {
	rules := q.bucket.Settings().Lifecycle
	if at, rule := rules.Aborts(q.key, initiated); !at.IsZero() {
		q.W.Header().Set("X-Amz-Abort-Date", at.Format(http.TimeFormat))
		q.W.Header().Set("X-Amz-Abort-Rule-Id", headerText(rule))
	}
}

// headerText is a text that fits into a header.
func headerText(text string) string {
	if isPlain(text) {
		return text
	}
	return url.PathEscape(text)
}
