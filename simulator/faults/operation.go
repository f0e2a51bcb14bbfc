package faults

import (
	"fmt"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/internal/spelling"
	"github.com/velero-locations/velero-locations/simulator/call"
)

// checkExists returns an error if a pattern is about none of the operations that there are, with the one that it was probably meant
// to be about, or those of its service. Where none are known it may be about any.
func checkExists(pattern string, operations []string) error {
	if len(operations) == 0 || slices.ContainsFunc(operations, func(one string) bool { return call.Matches(pattern, one) }) {
		return nil
	}
	if near := spelling.Nearest(pattern, operations); near != "" {
		return fmt.Errorf("there is no operation %q: did you mean %q?", pattern, near)
	}
	service, _, _ := strings.Cut(pattern, ":")
	var services, names []string
	for _, operation := range operations {
		of, name, _ := strings.Cut(operation, ":")
		services = append(services, of)
		if of == service {
			names = append(names, name)
		}
	}
	if names == nil {
		slices.Sort(services)
		return fmt.Errorf("there is no service %q: choose one of %s", service, strings.Join(slices.Compact(services), ", "))
	}
	slices.Sort(names)
	return fmt.Errorf("%s has no operation %q: choose one of %s", service, pattern, strings.Join(names, ", "))
}
