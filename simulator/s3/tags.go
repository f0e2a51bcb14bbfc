package s3

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// What S3 allows of tags.
const (
	maxTagKey   = 128
	maxTagValue = 256
)

// tagLimit is how many tags something has at most.
type tagLimit struct {
	of   string
	most int
}

var (
	objectTags = tagLimit{"Object", 10}
	bucketTags = tagLimit{"Bucket", 50}
)

// tagText is what keys and values hold, as AWS documents it.
var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

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
	return writeXML(q.W, out)
}

func readTags(document []byte, limit tagLimit) (map[string]string, error) {
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
	return checkTags(tags, objectTags)
}

func checkTags(tags []tag, limit tagLimit) (map[string]string, error) {
	if len(tags) > limit.most {
		return nil, aws.NewError(http.StatusBadRequest, "BadRequest", fmt.Sprintf("%s tags cannot be greater than %d", limit.of, limit.most))
	}
	out := map[string]string{}
	for _, t := range tags {
		if _, twice := out[t.Key]; twice {
			return nil, invalidTag("Cannot provide multiple Tags with the same key", t)
		}
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > maxTagKey || !tagText.MatchString(t.Key):
			return nil, invalidTag("The TagKey you have provided is invalid", t)
		case utf8.RuneCountInString(t.Value) > maxTagValue || !tagText.MatchString(t.Value):
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
