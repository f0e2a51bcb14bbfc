package warnings

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/internal/patterns"
	"github.com/velero-locations/velero-locations/internal/resources"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// everything stands for all namespaces, or for all resources.
const everything = "*"

// UnknownNamespace says that there is no namespace of a name that a backup includes, or none that a pattern of names stands for;
// empty: there is.
func UnknownNamespace(name string, at *field.Path, existing []string) string {
	switch {
	case name == everything || name == "" || slices.ContainsFunc(existing, func(e string) bool { return patterns.MatchAny([]string{name}, e) }):
		return ""
	case patterns.Is(name):
		return fmt.Sprintf("%s: no namespace has a name such as %q", at, name)
	}
	return fmt.Sprintf("%s: there is no namespace %q%s", at, name, orNearest(provider.Nearest(name, existing)))
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
	var texts []string
	for i, name := range names {
		if name != everything && !served.Knows(name) {
			texts = append(texts, fmt.Sprintf("%s: the API serves no resource %q%s", at.Index(i), name, orNearest(served.Nearest(name))))
		}
	}
	return printable(texts)
}

func orNearest(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %q?", name)
}
