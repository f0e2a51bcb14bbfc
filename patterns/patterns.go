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

// everything is the pattern that people write for all.
const everything = "*"

// Filter is a pair of lists of names and patterns: what is included, all if it is empty, and what is not.
type Filter struct{ Include, Exclude []string }

// Match says whether a name is included, and not excluded.
func (f Filter) Match(name string) bool {
	return !MatchAny(f.Exclude, name) && (len(f.Include) == 0 || MatchAny(f.Include, name))
}

// Everything says that nothing is left out.
func (f Filter) Everything() bool {
	return len(f.Exclude) == 0 && (len(f.Include) == 0 || slices.Equal(f.Include, []string{everything}))
}

// Names are those that are included and not excluded; nil if there are patterns among the included, or none at all.
func (f Filter) Names() []string {
	if len(f.Include) == 0 || slices.ContainsFunc(f.Include, Is) {
		return nil
	}
	names := []string{}
	for _, name := range f.Include {
		if f.Match(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
