package s3

import (
	"cmp"
	"encoding/xml"
	"log/slog"
	"net/http"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/lifecycle"
	"github.com/velero-locations/velero-locations/simulator/s3/storageclass"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

type tieringConfiguration struct {
	XMLName xml.Name `xml:"IntelligentTieringConfiguration"`
	Xmlns   string   `xml:"xmlns,attr,omitempty"`
	lifecycle.Tiering
}

type tieringConfigurations struct {
	XMLName        xml.Name               `xml:"ListBucketIntelligentTieringConfigurationsOutput"`
	Xmlns          string                 `xml:"xmlns,attr"`
	Configurations []tieringConfiguration `xml:"IntelligentTieringConfiguration"`
	IsTruncated    bool
}

// maxTierings is how many configurations S3 lets a bucket have.
const maxTierings = 1000

func byTieringID(t lifecycle.Tiering, id string) int { return cmp.Compare(t.ID, id) }

func getBucketTiering(q *request) error {
	set := q.bucket.Settings().Tiering
	at, found := slices.BinarySearchFunc(set, q.query.Get("id"), byTieringID)
	if !found {
		return noSuchConfiguration()
	}
	return writeXML(q.W, tieringConfiguration{Xmlns: namespace, Tiering: set[at]})
}

func noSuchConfiguration() error {
	return aws.NewError(http.StatusNotFound, "NoSuchConfiguration", "The specified configuration does not exist.")
}

// listBucketTiering is ListBucketIntelligentTieringConfigurations, all in one page.
func listBucketTiering(q *request) error {
	out := tieringConfigurations{Xmlns: namespace}
	for _, t := range q.bucket.Settings().Tiering {
		out.Configurations = append(out.Configurations, tieringConfiguration{Tiering: t})
	}
	return writeXML(q.W, out)
}

func putBucketTiering(q *request) error {
	var in tieringConfiguration
	if err := readXML(q.document, "IntelligentTieringConfiguration", &in); err != nil {
		return err
	}
	if err := checkTiering(&in.Tiering); err != nil {
		return err
	}
	if id := q.query.Get("id"); in.ID != id {
		return invalidArgument("id", id, "The id of the request is not that of the configuration")
	}
	return q.configure(http.StatusOK, func(s *store.Settings) error {
		set := slices.Clone(s.Tiering)
		at, found := slices.BinarySearchFunc(set, in.ID, byTieringID)
		switch {
		case found:
			set[at] = in.Tiering
		case len(set) == maxTierings:
			return aws.NewError(http.StatusBadRequest, "TooManyConfigurations", "You are attempting to create a new configuration but have already reached the 1,000-configuration limit.")
		default:
			set = slices.Insert(set, at, in.Tiering)
		}
		s.Tiering = set
		return nil
	})
}

// checkTiering holds a configuration to what S3 documents: each archive once, after as many days as it takes at least.
func checkTiering(t *lifecycle.Tiering) error {
	known := map[string]bool{}
	if t.ID == "" || len(t.Tiers) == 0 || t.Status != lifecycle.Enabled && t.Status != lifecycle.Disabled {
		return malformedXML()
	}
	for _, tier := range t.Tiers {
		least, found := storageclass.ArchiveDays[tier.AccessTier]
		switch {
		case !found || known[tier.AccessTier]:
			return malformedXML()
		case tier.Days < least || tier.Days > storageclass.MaxArchiveDays:
			return invalidRule("InvalidArgument", "The Days of %s must be from %d to %d", tier.AccessTier, least, storageclass.MaxArchiveDays)
		}
		known[tier.AccessTier] = true
	}
	rule := lifecycle.Rule{Filter: t.Filter}
	if rule.BySize() {
		return malformedXML() // such filters have no sizes
	}
	return checkFilter(&rule)
}

// touch notes that an object was read. What fails is logged: a disk that is full must not keep anybody from reading.
func touch(bucket *store.Bucket, object *store.Object) {
	if err := bucket.Touch(object); err != nil {
		slog.Error("Access to an object in INTELLIGENT_TIERING could not be noted", "bucket", bucket.Info().Name, "key", object.Key, "err", err)
	}
}

func deleteBucketTiering(q *request) error {
	id := q.query.Get("id")
	return q.configure(http.StatusNoContent, func(s *store.Settings) error {
		at, found := slices.BinarySearchFunc(s.Tiering, id, byTieringID)
		if !found {
			return noSuchConfiguration()
		}
		s.Tiering = slices.Delete(slices.Clone(s.Tiering), at, at+1)
		return nil
	})
}
