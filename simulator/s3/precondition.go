package s3

import (
	"net/http"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// checkPreconditions evaluates If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since for an object, in the order
// of RFC 9110. prefix is put before the names: CopyObject has the same conditions as x-amz-copy-source-if-match and so on.
func checkPreconditions(h http.Header, prefix string, object *store.Object) error {
	modified := object.Modified.Truncate(time.Second)
	if match := h.Get(prefix + "If-Match"); match != "" {
		if !matches(match, object.ETag) {
			return preconditionFailed("If-Match")
		}
	} else if since, err := http.ParseTime(h.Get(prefix + "If-Unmodified-Since")); err == nil && modified.After(since) {
		return preconditionFailed("If-Unmodified-Since")
	}
	if match := h.Get(prefix + "If-None-Match"); match != "" {
		if matches(match, object.ETag) {
			return notModified(prefix, "If-None-Match")
		}
	} else if since, err := http.ParseTime(h.Get(prefix + "If-Modified-Since")); err == nil && !modified.After(since) {
		return notModified(prefix, "If-Modified-Since")
	}
	return nil
}

func matches(list, etag string) bool {
	for candidate := range strings.SplitSeq(list, ",") {
		candidate = strings.Trim(strings.TrimPrefix(strings.TrimSpace(candidate), "W/"), `"`)
		if candidate == "*" || candidate == etag {
			return true
		}
	}
	return false
}

// anyETag is the condition that there is an object, whatever it is; or, with If-None-Match, that there is none.
const anyETag = "*"

// writeConditions reads the conditions that guard a write: that the object has an ETag, or that there is none.
func writeConditions(h http.Header) (store.Conditions, error) {
	out := store.Conditions{IfMatch: h.Get("If-Match"), IfNoneMatch: h.Get("If-None-Match")}
	switch {
	case out.IfMatch != "" && out.IfNoneMatch != "":
		return out, conditionNotImplemented("If-Match,If-None-Match")
	case out.IfMatch == anyETag:
		return out, conditionNotImplemented("If-Match")
	case out.IfNoneMatch != "" && out.IfNoneMatch != anyETag:
		return out, conditionNotImplemented("If-None-Match")
	}
	return out, nil
}

// deleteConditions reads the condition that guards a deletion. The others that S3 knows are those of directory buckets.
func deleteConditions(h http.Header) (store.Conditions, error) {
	for _, name := range []string{"x-amz-if-match-last-modified-time", "x-amz-if-match-size"} {
		if h.Get(name) != "" {
			return store.Conditions{}, conditionNotImplemented(name)
		}
	}
	return store.Conditions{IfMatch: h.Get("If-Match")}, nil
}

func conditionNotImplemented(header string) *aws.Error {
	return aws.NewError(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented").
		With("Header", header)
}

func preconditionFailed(condition string) *aws.Error {
	return aws.NewError(http.StatusPreconditionFailed, "PreconditionFailed",
		"At least one of the pre-conditions you specified did not hold").With("Condition", condition)
}

// notModified is 304 for a reader; for a copy it is a failed precondition.
func notModified(prefix, condition string) *aws.Error {
	if prefix != "" {
		return preconditionFailed(condition)
	}
	return aws.NewError(http.StatusNotModified, "NotModified", "Not Modified")
}
