package s3

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// What S3 allows of tags.
const (
	maxObjectTags = 10
	maxBucketTags = 50
	maxTagKey     = 128
	maxTagValue   = 256
)

type tag struct {
	Key, Value string
}

type tagging struct {
	XMLName xml.Name `xml:"Tagging"`
	Xmlns   string   `xml:"xmlns,attr,omitempty"`
	Tags    []tag    `xml:"TagSet>Tag"`
}

func writeTags(q *request, tags map[string]string) error {
	out := tagging{Xmlns: namespace}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out.Tags = append(out.Tags, tag{key, tags[key]})
	}
	return writeXML(q.w, out)
}

func readTags(document []byte, limit int) (map[string]string, error) {
	var in tagging
	if err := readXML(document, "Tagging", &in); err != nil {
		return nil, err
	}
	return checkTags(in.Tags, limit)
}

// parseTags reads the x-amz-tagging header, which is a query.
func parseTags(header string) (map[string]string, error) {
	query, err := url.ParseQuery(header)
	if err != nil {
		return nil, invalidArgument("x-amz-tagging", header, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
	}
	var tags []tag
	for key, values := range query {
		for _, value := range values {
			tags = append(tags, tag{key, value})
		}
	}
	return checkTags(tags, maxObjectTags)
}

func checkTags(tags []tag, limit int) (map[string]string, error) {
	if len(tags) > limit {
		return nil, aws.NewError(http.StatusBadRequest, "BadRequest", "Object tags cannot be greater than 10")
	}
	out := map[string]string{}
	for _, t := range tags {
		if _, twice := out[t.Key]; twice {
			return nil, invalidTag("Cannot provide multiple Tags with the same key", t)
		}
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > maxTagKey:
			return nil, invalidTag("The TagKey you have provided is invalid", t)
		case utf8.RuneCountInString(t.Value) > maxTagValue:
			return nil, invalidTag("The TagValue you have provided is invalid", t)
		case strings.HasPrefix(t.Key, "aws:"):
			return nil, invalidTag("System tags cannot be added/updated by requester", t)
		}
		out[t.Key] = t.Value
	}
	return out, nil
}

func invalidTag(message string, t tag) *aws.Error {
	return aws.NewError(http.StatusBadRequest, "InvalidTag", message).With("TagKey", t.Key).With("TagValue", t.Value)
}

func getBucketTagging(q *request) error {
	tags := q.bucket.Settings().Tags
	if len(tags) == 0 {
		return aws.NewError(http.StatusNotFound, "NoSuchTagSet", "The TagSet does not exist").With("BucketName", q.name)
	}
	return writeTags(q, tags)
}

func putBucketTagging(q *request) error {
	tags, err := readTags(q.document, maxBucketTags)
	if err != nil {
		return err
	}
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.Tags = tags; return nil })
}

func deleteBucketTagging(q *request) error {
	return q.configure(http.StatusNoContent, func(s *store.Settings) error { s.Tags = nil; return nil })
}

// configure changes the bucket's settings and answers with the status.
func (q *request) configure(status int, change func(*store.Settings) error) error {
	if err := q.bucket.Configure(change); err != nil {
		return asNoSuchBucket(err, q.name)
	}
	q.w.WriteHeader(status)
	return nil
}

func getObjectTagging(q *request) error {
	object, err := q.object()
	if err != nil {
		return err
	}
	return writeTags(q, object.Tags)
}

func putObjectTagging(q *request) error {
	tags, err := readTags(q.document, maxObjectTags)
	if err != nil {
		return err
	}
	return q.change(http.StatusOK, func(a *store.Attributes) error { a.Tags = tags; return nil })
}

func deleteObjectTagging(q *request) error {
	return q.change(http.StatusNoContent, func(a *store.Attributes) error { a.Tags = nil; return nil })
}

// object finds the version that the request names, and shows which one it is.
func (q *request) object() (*store.Object, error) {
	object, err := q.bucket.Get(q.key, q.query.Get("versionId"))
	q.showVersion(object)
	if err != nil {
		return nil, refusal(err, q.key)
	}
	return object, nil
}

// change changes what is said of the version that the request names and answers with the status.
func (q *request) change(status int, change func(*store.Attributes) error) error {
	object, err := q.bucket.Change(q.key, q.query.Get("versionId"), change)
	q.showVersion(object)
	if err != nil {
		return refusal(err, q.key)
	}
	q.w.WriteHeader(status)
	return nil
}

// showVersion puts a version's id on the answer, where there is versioning, and says that it is a delete marker.
func (q *request) showVersion(object *store.Object) {
	if object == nil || q.bucket.Settings().Versioning == "" {
		return
	}
	q.w.Header().Set("X-Amz-Version-Id", object.Version)
	if object.DeleteMarker {
		q.w.Header().Set("X-Amz-Delete-Marker", "true")
	}
}
