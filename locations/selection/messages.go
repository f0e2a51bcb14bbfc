package selection

import (
	"fmt"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/internal/spelling"
)

// The kinds of locations, as messages name them and as the verbs of the command line do.
var (
	storageKind  = kind{"backup storage location", "backup-location"}
	snapshotKind = kind{"volume snapshot location", "snapshot-location"}
)

type kind struct{ noun, verb string }

// instead says what to write for the name of a location that does not exist.
func instead(missing string, existing []string, kind kind) string {
	if len(existing) == 0 {
		return fmt.Sprintf(`there is no %s in the namespace: make one ("velero %s create")`, kind.noun, kind.verb)
	}
	if near := spelling.Nearest(missing, existing); near != "" {
		return fmt.Sprintf("there is no such %s: did you mean %q?", kind.noun, near)
	}
	return fmt.Sprintf("there is no such %s: name %s", kind.noun, oneOf(existing))
}

// orDefault says how to do without the name of a backup storage location.
func orDefault(existing []string) string {
	if len(existing) == 0 {
		return `make one ("velero backup-location create NAME --default")`
	}
	return fmt.Sprintf(`name %s here, or make one the default ("velero backup-location set NAME --default")`, oneOf(existing))
}

// oneOf lists names, but not too many.
func oneOf(names []string) string {
	const most = 10
	if len(names) == 1 {
		return fmt.Sprintf("%q", names[0])
	}
	shown := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, fmt.Sprintf("%q", name))
	}
	list := "one of " + strings.Join(shown, ", ")
	if more := len(names) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

func namesOf[T any](locations []T, name func(T) string) []string {
	names := make([]string, 0, len(locations))
	for _, location := range locations {
		names = append(names, name(location))
	}
	slices.Sort(names)
	return names
}
