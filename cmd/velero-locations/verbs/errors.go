package verbs

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// readable makes an API's refusal readable: one line if one field is wrong, else a line for each field.
// Other errors are returned as they are.
func readable(err error) error {
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) {
		return err
	}
	details := status.Status().Details
	if details == nil || len(details.Causes) == 0 {
		return err
	}
	lines := make([]string, 0, len(details.Causes))
	for _, cause := range details.Causes {
		line := cause.Message
		if cause.Field != "" {
			line = cause.Field + ": " + line
		}
		lines = append(lines, line)
	}
	separator := "\n  "
	if len(lines) == 1 {
		separator = " "
	}
	return fmt.Errorf("%s %q is invalid:%s%s", details.Kind, details.Name, separator, strings.Join(lines, separator))
}
