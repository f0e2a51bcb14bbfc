package scope

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/controllers/backup/inventory"
)

// together is the way of includedResources, excludedResources and includeClusterResources.
type together struct {
	all           filter
	cluster       *bool
	allNamespaces bool
}

// includes looks for cluster-scoped objects on their own only if told to, or if all namespaces are backed up; namespaces
// are looked at unless they are excluded as all cluster-scoped objects are.
func (t *together) includes(r *inventory.Resource) bool {
	if !r.Namespaced {
		if t.cluster != nil && !*t.cluster || t.cluster == nil && !t.allNamespaces && r.GroupResource() != namespaces {
			return false
		}
	}
	return t.all.match(r.GroupResource().String())
}

func (t *together) excludes(r *inventory.Resource) bool {
	name := r.GroupResource().String()
	switch {
	case matchAny(t.all.exclude, name):
		return true
	case r.Namespaced:
		return false
	case t.cluster == nil:
		return !t.all.match(name)
	}
	return !*t.cluster
}

// apart is the way of the lists for namespaced and for cluster-scoped resources.
type apart struct {
	namespaced, cluster filter
	allNamespaces       bool
}

// includes looks for cluster-scoped objects on their own only if they are listed, or if nothing at all is left out.
// Namespaces are always looked at.
func (a *apart) includes(r *inventory.Resource) bool {
	name := r.GroupResource().String()
	switch {
	case r.Namespaced:
		return a.namespaced.match(name)
	case matchAny(a.cluster.exclude, name):
		return false
	case len(a.cluster.include) == 0 && len(a.cluster.exclude) == 0 && a.allNamespaces && a.namespaced.everything():
		return true
	}
	return matchAny(a.cluster.include, name) || r.GroupResource() == namespaces
}

func (a *apart) excludes(r *inventory.Resource) bool {
	if r.Namespaced {
		return matchAny(a.namespaced.exclude, r.GroupResource().String())
	}
	return matchAny(a.cluster.exclude, r.GroupResource().String())
}

// resolver finds resources by the names that people use.
type resolver []inventory.Resource

// filter brings two lists of names into the form resource.group. Names that the API does not know stay as they are: they
// may be patterns.
func (rs resolver) filter(include, exclude []string) filter {
	return filter{include: rs.resolveAll(include), exclude: rs.resolveAll(exclude)}
}

func (rs resolver) resolveAll(names []string) []string {
	resolved := make([]string, len(names))
	for i, name := range names {
		resolved[i] = rs.resolve(name).String()
	}
	return resolved
}

// resolve takes deployments, deployment, deploy and deployments.apps for the same. Where several groups have a resource
// of the name, the first in the API's order is meant.
func (rs resolver) resolve(name string) schema.GroupResource {
	given := schema.ParseGroupResource(strings.ToLower(name))
	for _, r := range rs {
		if given.Group != "" && given.Group != r.Group {
			continue
		}
		if given.Resource == r.Resource || slices.Contains(r.Aliases, given.Resource) {
			return r.GroupResource()
		}
	}
	return given
}

func splitNames(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}
