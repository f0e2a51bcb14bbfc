package events

import (
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Content is what S3 sends: records of what happened to objects, or a test event, which has the other fields.
type Content struct {
	Records   []Record `json:"Records,omitempty" doc:"What happened, one a message."`
	Service   string   `json:"Service,omitempty" doc:"Amazon S3, of a test event."`
	Event     string   `json:"Event,omitempty" doc:"s3:TestEvent, of a test event."`
	Time      string   `json:"Time,omitempty" doc:"When the test event was sent."`
	Bucket    string   `json:"Bucket,omitempty" doc:"Bucket of the test event."`
	RequestID string   `json:"RequestId,omitempty" doc:"Request id of the test event."`
	HostID    string   `json:"HostId,omitempty" doc:"Second request id of the test event."`
}

// Record is what happened to an object, as S3's "Event message structure" has it.
type Record struct {
	Version           string            `json:"eventVersion" doc:"Version of the form of the record."`
	Source            string            `json:"eventSource" doc:"aws:s3."`
	Region            string            `json:"awsRegion" doc:"Region of the bucket."`
	Time              string            `json:"eventTime" doc:"When it happened, by the simulator's clock."`
	Name              string            `json:"eventName" doc:"What happened, such as ObjectCreated:Put."`
	UserIdentity      Identity          `json:"userIdentity" doc:"Who did it."`
	RequestParameters map[string]string `json:"requestParameters" doc:"From which address."`
	ResponseElements  map[string]string `json:"responseElements" doc:"Request ids of the answer."`
	S3                About             `json:"s3" doc:"What it happened to."`
	Glacier           *Glacier          `json:"glacierEventData,omitempty" doc:"Of the end of a restore: what was restored."`
}

// Glacier is what S3 says of archives.
type Glacier struct {
	Restore Restore `json:"restoreEventData" doc:"What was restored."`
}

// Restore says how long the copy of an archived object is there, and from which class it is.
type Restore struct {
	Expiry       string `json:"lifecycleRestorationExpiryTime,omitempty" doc:"When the copy is gone again, if that is ever."`
	StorageClass string `json:"lifecycleRestoreStorageClass" doc:"Storage class of the object."`
}

// Identity is who did it, or who owns a bucket.
type Identity struct {
	PrincipalID string `json:"principalId" doc:"Who."`
}

// About names the bucket, the object and the configuration by which the record is sent.
type About struct {
	SchemaVersion   string `json:"s3SchemaVersion" doc:"Version of what follows."`
	ConfigurationID string `json:"configurationId" doc:"Id of the configuration by which the record is sent."`
	Bucket          Bucket `json:"bucket" doc:"The bucket."`
	Object          Object `json:"object" doc:"The object."`
}

// Bucket is the object's.
type Bucket struct {
	Name  string   `json:"name" doc:"Name of the bucket."`
	Owner Identity `json:"ownerIdentity" doc:"Who owns the bucket."`
	ARN   string   `json:"arn" doc:"ARN of the bucket."`
}

// Object is the one that it happened to.
type Object struct {
	Key       string `json:"key" doc:"Key of the object, encoded as in a URL."`
	Size      int64  `json:"size,omitempty" doc:"Size in bytes."`
	ETag      string `json:"eTag,omitempty" doc:"ETag of the object."`
	VersionID string `json:"versionId,omitempty" doc:"Version, where there is versioning."`
	Sequencer string `json:"sequencer" doc:"Orders what happened to a key."`
}

// EscapeKey writes a key as records have it.
func EscapeKey(key string) string { return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/") }

// FormatTime writes a time as messages have it.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

var last atomic.Int64

// NewSequencer returns a text that comes behind all before it, those of earlier processes too.
func NewSequencer() string {
	for {
		before := last.Load()
		next := max(before+1, time.Now().UnixNano())
		if last.CompareAndSwap(before, next) {
			return fmt.Sprintf("%016X", next)
		}
	}
}
