package validation

import (
	"regexp"
	"slices"
	"strings"

	dns "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// namespaces checks two fields that list names of namespaces, or patterns of names.
func namespaces(included, excluded []string, path *field.Path) field.ErrorList {
	f := filter{path: path, included: "includedNamespaces", excluded: "excludedNamespaces"}
	return slices.Concat(
		f.check(included, excluded, false),
		each(included, path.Child(f.included), namespacePattern),
		each(excluded, path.Child(f.excluded), namespacePattern),
	)
}

var (
	characterClass = regexp.MustCompile(`\[[a-z0-9-]+\]`)
	wildcard       = regexp.MustCompile(`\*+|\?`)
)

// namespacePattern accepts *, ? and classes such as [a-c] in a name. The empty name is that of
// cluster-scoped objects.
func namespacePattern(pattern *string, path *field.Path) field.ErrorList {
	name := wildcard.ReplaceAllString(characterClass.ReplaceAllString(*pattern, "x"), "x")
	if *pattern == "" || (len(dns.IsDNS1123Label(name)) == 0 && !strings.Contains(*pattern, "**")) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, *pattern, "must be the name of a namespace, or a pattern of names such as team-*, team-? or team-[a-c]")}
}
