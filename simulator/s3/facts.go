package s3

import (
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// facts are what conditions of policies can ask of a request that is about a key of a bucket.
type facts struct {
	*request
	bucket       store.BucketInfo
	key, version string
}

var _ call.Facts = facts{}

// ofRequest are the conditions on the request itself; those on tags and on headers are others. An empty answer is none.
var ofRequest = map[string]func(*request) string{
	"aws:currenttime": func(q *request) string { return q.Now.UTC().Format(time.RFC3339) },
	"aws:epochtime":   func(q *request) string { return strconv.FormatInt(q.Now.Unix(), 10) },
	"aws:principalarn": func(q *request) string {
		if q.signer.ID == "" {
			return ""
		}
		return q.signer.PrincipalARN()
	},
	"aws:referer":         func(q *request) string { return q.Header.Get("Referer") },
	"aws:securetransport": func(q *request) string { return strconv.FormatBool(q.TLS != nil) },
	"aws:sourceip": func(q *request) string {
		host, _, _ := net.SplitHostPort(q.RemoteAddr)
		return host
	},
	"aws:useragent":             func(q *request) string { return q.Header.Get("User-Agent") },
	"s3:delimiter":              func(q *request) string { return q.query.Get("delimiter") },
	"s3:max-keys":               func(q *request) string { return q.query.Get("max-keys") },
	"s3:object-lock-mode":       func(q *request) string { return q.said().Get(lockModeHeader) },
	"s3:object-lock-legal-hold": func(q *request) string { return q.said().Get(legalHoldHeader) },
	"s3:if-match":               func(q *request) string { return q.Header.Get("If-Match") },
	"s3:if-none-match":          func(q *request) string { return q.Header.Get("If-None-Match") },
}

// said is what the request says of an object in headers, or in the fields of a form.
func (q *request) said() http.Header {
	if q.form == nil {
		return q.Header
	}
	fields, _ := q.form.header() // what is wrong with them is told when the form is read
	return fields
}

// Fact is what is known of a key.
func (f facts) Fact(name string) []string {
	name, tag, _ := strings.Cut(name, "/")
	name = strings.ToLower(name)
	header, isHeader := strings.CutPrefix(name, servicePrefix+"x-amz-")
	value := ""
	switch {
	case name == "s3:requestobjecttagkeys":
		return slices.Sorted(maps.Keys(f.requestTags()))
	case name == "s3:requestobjecttag":
		return tagged(f.requestTags(), tag)
	case name == "s3:existingobjecttag":
		return tagged(f.existingTags(), tag)
	case name == "s3:versionid":
		value = f.version
	case isHeader:
		value = f.said().Get("X-Amz-" + header)
	case ofRequest[name] != nil:
		value = ofRequest[name](f.request)
	}
	if value == "" {
		return nil
	}
	return []string{value}
}

func tagged(tags map[string]string, key string) []string {
	if value, found := tags[key]; found {
		return []string{value}
	}
	return nil
}

// requestTags are the tags that the request gives an object, in a header or in a document.
func (f facts) requestTags() map[string]string {
	if f.op.name == "PutObjectTagging" {
		tags, _ := readTags(f.document, objectTags) // what is wrong with them is told when they are set
		return tags
	}
	tags, _ := parseTags(f.said().Get("X-Amz-Tagging"))
	return tags
}

// existingTags are those that the object has.
func (f facts) existingTags() map[string]string {
	bucket, found := f.server.options.Store.Bucket(f.bucket.Region, f.bucket.Name)
	if !found || f.key == "" {
		return nil
	}
	object, err := bucket.Get(f.key, f.version)
	if err != nil {
		return nil
	}
	return object.Tags
}
