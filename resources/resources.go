// Package resources knows which resources a Kubernetes API serves, and which of them people mean by the names that they use.
package resources

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/internal/spelling"
	"github.com/velero-locations/velero-locations/patterns"
)

// Resource is one that an API serves.
type Resource struct {
	schema.GroupVersionResource

	// Kind of its objects.
	Kind string
	// Namespaced says whether its objects are in namespaces.
	Namespaced bool
	// Aliases are other names that people use for it: the singular and short ones.
	Aliases []string
	// Verbs that it has.
	Verbs []string
}

// List is what an API serves, in an order in which the first of several resources of a name is meant.
type List []Resource

// Resolve takes deployments, deployment, deploy and deployments.apps for the same. A name that the API does not know stays
// as it is, in lower case: it may be a pattern.
func (l List) Resolve(name string) schema.GroupResource {
	given := schema.ParseGroupResource(strings.ToLower(name))
	for _, r := range l {
		if given.Group != "" && given.Group != r.Group {
			continue
		}
		if given.Resource == r.Resource || slices.Contains(r.Aliases, given.Resource) {
			return r.GroupResource()
		}
	}
	return given
}

// Knows says whether there is a resource of a name, or one that a pattern of names matches.
func (l List) Knows(name string) bool {
	resolved := l.Resolve(name)
	return slices.ContainsFunc(l, func(r Resource) bool {
		return patterns.MatchAny([]string{resolved.String()}, r.GroupResource().String())
	})
}

// Nearest returns the name that one which the API does not know was most likely meant to be; empty if none is near.
func (l List) Nearest(name string) string {
	var names []string
	for _, r := range l {
		if strings.Contains(name, ".") {
			names = append(names, r.GroupResource().String())
		} else {
			names = append(names, r.Resource)
		}
	}
	return spelling.Nearest(name, names)
}

// Filter is one of resources, as people name them, in the form resource.group.
func (l List) Filter(include, exclude []string) patterns.Filter {
	return patterns.Filter{Include: l.resolveAll(include), Exclude: l.resolveAll(exclude)}
}

func (l List) resolveAll(names []string) []string {
	resolved := make([]string, len(names))
	for i, name := range names {
		resolved[i] = l.Resolve(name).String()
	}
	return resolved
}
