package lifecycle

import (
	"encoding/xml"
	"time"
)

// Configuration is the rules of a bucket.
type Configuration struct {
	Rules []Rule `json:"rules,omitempty"`
	// MinimumSize says which objects are too small for transitions: AllClasses128K or ByClass.
	MinimumSize string `json:"minimumSize,omitempty"`
	// Since is when the rules were set.
	Since time.Time `json:"since,omitzero"`
}

// From is when what was due before is done, in a run at a time: at the midnight after the run before, or after the rules were set.
func (c *Configuration) From(last, now time.Time) time.Time {
	if c.Since.After(last) {
		last = c.Since
	}
	if midnight := NextMidnight(last); midnight.Before(now) {
		return midnight
	}
	return now
}

// What MinimumSize is.
const (
	AllClasses128K = "all_storage_classes_128K"
	ByClass        = "varies_by_storage_class"
)

// Enabled is the status of a rule that acts, Disabled that of one that does not.
const (
	Enabled  = "Enabled"
	Disabled = "Disabled"
)

// Rule is one of them, as S3's documents have it. A field that was not there is nil.
type Rule struct {
	ID string `json:"id"`
	// Prefix is what rules had before there were filters.
	Prefix                *string                `xml:",omitempty" json:"prefix,omitempty"`
	Filter                *Filter                `xml:",omitempty" json:"filter,omitempty"`
	Status                string                 `json:"status"`
	Expiration            *Expiration            `xml:",omitempty" json:"expiration,omitempty"`
	Transitions           []Transition           `xml:"Transition" json:"transitions,omitempty"`
	NoncurrentTransitions []NoncurrentTransition `xml:"NoncurrentVersionTransition" json:"noncurrentTransitions,omitempty"`
	NoncurrentExpiration  *NoncurrentExpiration  `xml:"NoncurrentVersionExpiration,omitempty" json:"noncurrentExpiration,omitempty"`
	Abort                 *Abort                 `xml:"AbortIncompleteMultipartUpload,omitempty" json:"abort,omitempty"`
	Strangers             []Stranger             `xml:",any" json:"-"`
}

// Stranger is an element that is not S3's.
type Stranger struct{ XMLName xml.Name }

// Filter says which objects a rule is about: those of one condition, or of all in And.
type Filter struct {
	Conditions
	Tag       *Tag       `xml:",omitempty" json:"tag,omitempty"`
	And       *And       `xml:",omitempty" json:"and,omitempty"`
	Strangers []Stranger `xml:",any" json:"-"`
}

// And is several conditions.
type And struct {
	Conditions
	Tags      []Tag      `xml:"Tag" json:"tags,omitempty"`
	Strangers []Stranger `xml:",any" json:"-"`
}

// Conditions are those that a filter has alone, or among others.
type Conditions struct {
	Prefix      *string `xml:",omitempty" json:"prefix,omitempty"`
	GreaterThan *int64  `xml:"ObjectSizeGreaterThan,omitempty" json:"greaterThan,omitempty"`
	LessThan    *int64  `xml:"ObjectSizeLessThan,omitempty" json:"lessThan,omitempty"`
}

// Tag is a tag that an object must have.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Expiration is of current versions: after days or from a date on; or of delete markers that hide nothing any more.
type Expiration struct {
	Date         *time.Time `xml:",omitempty" json:"date,omitempty"`
	Days         *int       `xml:",omitempty" json:"days,omitempty"`
	DeleteMarker *bool      `xml:"ExpiredObjectDeleteMarker,omitempty" json:"deleteMarker,omitempty"`
}

// Transition is of current versions.
type Transition struct {
	Date         *time.Time `xml:",omitempty" json:"date,omitempty"`
	Days         *int       `xml:",omitempty" json:"days,omitempty"`
	StorageClass string     `json:"storageClass"`
}

// NoncurrentTransition is of versions that were replaced.
type NoncurrentTransition struct {
	Days         *int   `xml:"NoncurrentDays,omitempty" json:"days,omitempty"`
	Newer        *int   `xml:"NewerNoncurrentVersions,omitempty" json:"newer,omitempty"`
	StorageClass string `json:"storageClass"`
}

// NoncurrentExpiration is of versions that were replaced.
type NoncurrentExpiration struct {
	Days  *int `xml:"NoncurrentDays,omitempty" json:"days,omitempty"`
	Newer *int `xml:"NewerNoncurrentVersions,omitempty" json:"newer,omitempty"`
}

// Abort is of multipart uploads.
type Abort struct {
	Days int `xml:"DaysAfterInitiation" json:"days"`
}
