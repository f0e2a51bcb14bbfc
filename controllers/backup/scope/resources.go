package scope

import (
	"strings"

	"github.com/velero-locations/velero-locations/patterns"
	"github.com/velero-locations/velero-locations/resources"
)

// together is the way of includedResources, excludedResources and includeClusterResources.
type together struct {
	all           filter
	cluster       *bool
	allNamespaces bool
}

// includes looks for cluster-scoped objects on their own only if told to, or if all namespaces are backed up; namespaces
// are looked at unless they are excluded as all cluster-scoped objects are.
func (t *together) includes(r *resources.Resource) bool {
	if !r.Namespaced {
		if t.cluster != nil && !*t.cluster || t.cluster == nil && !t.allNamespaces && r.GroupResource() != namespaces {
			return false
		}
	}
	return t.all.match(r.GroupResource().String())
}

func (t *together) excludes(r *resources.Resource) bool {
	name := r.GroupResource().String()
	switch {
	case patterns.MatchAny(t.all.exclude, name):
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
func (a *apart) includes(r *resources.Resource) bool {
	name := r.GroupResource().String()
	switch {
	case r.Namespaced:
		return a.namespaced.match(name)
	case patterns.MatchAny(a.cluster.exclude, name):
		return false
	case len(a.cluster.include) == 0 && len(a.cluster.exclude) == 0 && a.allNamespaces && a.namespaced.everything():
		return true
	}
	return patterns.MatchAny(a.cluster.include, name) || r.GroupResource() == namespaces
}

func (a *apart) excludes(r *resources.Resource) bool {
	if r.Namespaced {
		return patterns.MatchAny(a.namespaced.exclude, r.GroupResource().String())
	}
	return patterns.MatchAny(a.cluster.exclude, r.GroupResource().String())
}

// newFilter brings two lists of names into the form resource.group.
func newFilter(served resources.List, include, exclude []string) filter {
	return filter{include: resolveAll(served, include), exclude: resolveAll(served, exclude)}
}

func resolveAll(served resources.List, names []string) []string {
	resolved := make([]string, len(names))
	for i, name := range names {
		resolved[i] = served.Resolve(name).String()
	}
	return resolved
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
