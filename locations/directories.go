package locations

import (
	"fmt"
	"slices"
	"strings"
)

// directories are those that Velero makes at the top of a place; its check refuses any other.
var directories = []string{"backups", "restores", "restic", "metadata", "plugins", "kopia"}

// maxNamed is how many stray directories a message names, as Velero's does.
const maxNamed = 3

// CheckDirectories says whether a place holds at its top nothing but what Velero keeps there, as
// Velero's IsValid does. The names are common prefixes as a listing gives them: with the place's
// root in front and a slash at the end. Where there are none, the place is fine.
func CheckDirectories(place Place, commonPrefixes []string) error {
	var stray []string
	for _, name := range commonPrefixes {
		name = strings.TrimSuffix(strings.TrimPrefix(name, place.Root()), "/")
		if !slices.Contains(directories, name) {
			stray = append(stray, name)
		}
	}
	if len(stray) == 0 {
		return nil
	}
	return fmt.Errorf("the %s has directories at its top that are not Velero's (%s): give the location a prefix of its own in spec.objectStorage.prefix, or move them away",
		place, Enumerate(stray))
}

// Enumerate names the first few, in order, and counts the rest.
func Enumerate(names []string) string {
	names = slices.Sorted(slices.Values(names))
	rest := len(names) - maxNamed
	if rest > 0 {
		names = names[:maxNamed]
	}
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	text := strings.Join(quoted, ", ")
	if rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}
