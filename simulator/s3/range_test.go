package s3

import (
	"testing"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

// TestParseRange holds ranges of ten bytes, and of none, against what S3 answers to them; no extent is InvalidRange.
func TestParseRange(t *testing.T) {
	all := &extent{length: 10}
	part := func(start, length int64) *extent { return &extent{start, length, true} }
	for value, want := range map[string]*extent{
		"bytes=0-3":                   part(0, 4),
		"bytes=3-":                    part(3, 7),
		"bytes=9-100":                 part(9, 1),
		"bytes=0-999999999999999999":  part(0, 10),
		"bytes=-4":                    part(6, 4),
		"bytes=-400":                  part(0, 10),
		"bytes=-999999999999999999":   part(0, 10),
		"bytes=-0":                    nil,
		"bytes=10-":                   nil,
		"bytes=999999999999999999-":   nil,
		"bytes=5-3":                   all,
		"bytes=-":                     all,
		"bytes= 0-3":                  all,
		"bytes=0-1,3-4":               all,
		"items=0-1":                   all,
		"bytes=9999999999999999999-":  all,
		"bytes=0-9999999999999999999": all,
	} {
		got, err := parseRange(value, 10)
		if want == nil && aws.AsError(err).Code != "InvalidRange" || want != nil && (err != nil || got != *want) {
			t.Errorf("%s: %+v, %v", value, got, err)
		}
	}
	for _, value := range []string{"bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"} {
		if got, err := parseRange(value, 0); aws.AsError(err).Code != "InvalidRange" {
			t.Errorf("%s of nothing: %+v, %v", value, got, err)
		}
	}
}
