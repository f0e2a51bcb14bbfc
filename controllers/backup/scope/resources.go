package scope

import (
	"strings"

	"github.com/velero-locations/velero-locations/patterns"
	"github.com/velero-locations/velero-locations/resources"
)

// together is the way of includedResources, excludedResources and includeClusterResources.
type together struct {
	all           patterns.Filter
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
	return t.all.Match(r.GroupResource().String())
}

func (t *together) excludes(r *resources.Resource) bool {
	name := r.GroupResource().String()
	switch {
	case patterns.MatchAny(t.all.Exclude, name):
		return true
	case r.Namespaced:
		return false
	case t.cluster == nil:
		return !t.all.Match(name)
	}
	return !*t.cluster
}

// apart is the way of the lists for namespaced and for cluster-scoped resources.
type apart struct {
	namespaced, cluster patterns.Filter
	allNamespaces       bool
}

// includes looks for cluster-scoped objects on their own only if they are listed, or if nothing at all is left out.
// Namespaces are always looked at.
func (a *apart) includes(r *resources.Resource) bool {
	name := r.GroupResource().String()
	switch {
	case r.Namespaced:
		return a.namespaced.Match(name)
	case patterns.MatchAny(a.cluster.Exclude, name):
		return false
	case len(a.cluster.Include) == 0 && len(a.cluster.Exclude) == 0 && a.allNamespaces && a.namespaced.Everything():
		return true
	}
	return patterns.MatchAny(a.cluster.Include, name) || r.GroupResource() == namespaces
}

func (a *apart) excludes(r *resources.Resource) bool {
	if r.Namespaced {
		return patterns.MatchAny(a.namespaced.Exclude, r.GroupResource().String())
	}
	return patterns.MatchAny(a.cluster.Exclude, r.GroupResource().String())
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
