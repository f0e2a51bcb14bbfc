// Package patterns reads the patterns of names that backups have for namespaces and resources, as Velero does: * and ? and classes.
package patterns

import (
	"path"
	"slices"
	"strings"
)

// Is says whether a name is a pattern, which stands for any number of names.
func Is(name string) bool { return strings.ContainsAny(name, `*?[\`) }

// MatchAny says whether one of the patterns, which may be names, stands for a name. One that cannot be read stands for none.
func MatchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, err := path.Match(pattern, name)
		return err == nil && matched
	})
}
