package warnings

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/internal/spelling"
	"github.com/velero-locations/velero-locations/patterns"
	"github.com/velero-locations/velero-locations/resources"
)

// everything stands for all namespaces, or for all resources.
const everything = "*"

// Of a list, so many names are looked at, and of so many is told that there are none: comparing names takes time.
const (
	mostNames = 100
	mostTold  = 5
)

// UnknownNamespaces are told of by UnknownNamespace, the first of those that a backup includes.
func UnknownNamespaces(included []string, at *field.Path, existing []string) []string {
	return first(included, at, func(name string, at *field.Path) string { return UnknownNamespace(name, at, existing) })
}

func first(names []string, at *field.Path, unknown func(name string, at *field.Path) string) []string {
	var texts []string
	for i, name := range names[:min(mostNames, len(names))] {
		if len(texts) == mostTold {
			break
		}
		if text := unknown(name, at.Index(i)); text != "" {
			texts = append(texts, text)
		}
	}
	return printable(texts)
}

// UnknownNamespace says that there is no namespace of a name that a backup includes, or none that a pattern of names stands for;
// empty: there is.
func UnknownNamespace(name string, at *field.Path, existing []string) string {
	switch {
	case name == everything || name == "" || slices.ContainsFunc(existing, func(e string) bool { return patterns.MatchAny([]string{name}, e) }):
		return ""
	case patterns.Is(name):
		return fmt.Sprintf("%s: no namespace has a name such as %q", at, name)
	}
	return fmt.Sprintf("%s: there is no namespace %q%s", at, name, orNearest(spelling.Nearest(name, existing)))
}

// UnknownIncluded are the resources that a backup includes though the API serves none of the name, and patterns that no name matches.
func UnknownIncluded(spec *v1.BackupSpec, at *field.Path, served resources.List) []string {
	return slices.Concat(
		unknownResources(spec.IncludedResources, at.Child("includedResources"), served),
		unknownResources(spec.IncludedClusterScopedResources, at.Child("includedClusterScopedResources"), served),
		unknownResources(spec.IncludedNamespaceScopedResources, at.Child("includedNamespaceScopedResources"), served),
	)
}

// UnknownExcluded are those that a backup excludes in the same way.
func UnknownExcluded(spec *v1.BackupSpec, at *field.Path, served resources.List) []string {
	return slices.Concat(
		unknownResources(spec.ExcludedResources, at.Child("excludedResources"), served),
		unknownResources(spec.ExcludedClusterScopedResources, at.Child("excludedClusterScopedResources"), served),
		unknownResources(spec.ExcludedNamespaceScopedResources, at.Child("excludedNamespaceScopedResources"), served),
	)
}

func unknownResources(names []string, at *field.Path, served resources.List) []string {
	return first(names, at, func(name string, at *field.Path) string {
		if name == everything || served.Knows(name) {
			return ""
		}
		return fmt.Sprintf("%s: the API serves no resource %q%s", at, name, orNearest(served.Nearest(name)))
	})
}

func orNearest(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", name)
}
