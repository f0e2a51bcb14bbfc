package aws

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// TestAsError shows what clients are told of an error, and that they are told nothing of one that is not meant for them.
func TestAsError(t *testing.T) {
	refusal := NewError(404, "NoSuchBucket", "The specified bucket does not exist").With("BucketName", "b").With("Region", "r")
	for name, tc := range map[string]struct {
		err  error
		want *Error
		text string
	}{
		"an answer": {refusal, &Error{
			Code: "NoSuchBucket", Message: "The specified bucket does not exist", Status: 404, Extra: []Element{{"BucketName", "b"}, {"Region", "r"}},
		}, "NoSuchBucket: The specified bucket does not exist"},
		"an answer, wrapped": {fmt.Errorf("looking: %w", refusal), refusal, "NoSuchBucket: The specified bucket does not exist"},
		"a fault's": {
			fmt.Errorf("injected: %w", &faults.Refusal{Status: 503, Code: "SlowDown", Message: "Please reduce your request rate."}),
			&Error{Code: "SlowDown", Message: "Please reduce your request rate.", Status: 503}, "SlowDown: Please reduce your request rate.",
		},
		"of the machine": {
			errors.New("/var/lib: no space left"), &Error{Code: "InternalError", Message: "We encountered an internal error. Please try again.", Status: 500},
			"InternalError: We encountered an internal error. Please try again.",
		},
		"what is not done": {
			NotImplemented("x-amz-website"), &Error{
				Code: "NotImplemented", Message: "A header or parameter you provided implies functionality that is not implemented: x-amz-website", Status: 501,
			}, "NotImplemented: A header or parameter you provided implies functionality that is not implemented: x-amz-website",
		},
	} {
		if got := AsError(tc.err); !reflect.DeepEqual(got, tc.want) || got.Error() != tc.text {
			t.Errorf("%s: got %+v, %q; want %+v, %q", name, got, got, tc.want, tc.text)
		}
	}
}
