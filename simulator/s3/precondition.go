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
