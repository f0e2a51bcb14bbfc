// Package scope decides what belongs to a backup: which namespaces, which resources and which objects, by the rules of
// Velero 1.18.
package scope

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/patterns"
	"github.com/velero-locations/velero-locations/resources"
)

// ExcludeLabel with value true keeps an object, or all that is in a namespace, out of backups.
const ExcludeLabel = "velero.io/exclude-from-backup"

var namespaces = schema.GroupResource{Resource: "namespaces"}

// Scope is what belongs to one backup.
type Scope struct {
	namespaces patterns.Filter
	resources  resourceFilter
	selectors  []labels.Selector
	ordered    map[schema.GroupResource][]string
}

// resourceFilter is one of the two ways in which a backup names resources.
type resourceFilter interface {
	// includes says whether the objects of a resource are looked for.
	includes(r *resources.Resource) bool
	// excludes says whether objects are left out even when something that is backed up needs them.
	excludes(r *resources.Resource) bool
}

// New returns the scope of a backup, in an API that has the resources. An error names the field that cannot be understood.
func New(spec *velerov1.BackupSpec, served resources.List) (*Scope, error) {
	s := &Scope{namespaces: patterns.Filter{Include: spec.IncludedNamespaces, Exclude: spec.ExcludedNamespaces}}
	if OldFilters(spec) {
		s.resources = &together{
			all:     served.Filter(spec.IncludedResources, spec.ExcludedResources),
			cluster: spec.IncludeClusterResources, allNamespaces: s.namespaces.Everything(),
		}
	} else {
		s.resources = &apart{
			namespaced:    served.Filter(spec.IncludedNamespaceScopedResources, spec.ExcludedNamespaceScopedResources),
			cluster:       served.Filter(spec.IncludedClusterScopedResources, spec.ExcludedClusterScopedResources),
			allNamespaces: s.namespaces.Everything(),
		}
	}
	s.ordered = map[schema.GroupResource][]string{}
	for resource, list := range spec.OrderedResources {
		s.ordered[served.Resolve(resource)] = splitNames(list)
	}
	return s, s.addSelectors(spec)
}

// OldFilters says that a backup names resources without regard to their scope, or names none. The two ways do not go
// together.
func OldFilters(spec *velerov1.BackupSpec) bool {
	if spec.IncludeClusterResources != nil || len(spec.IncludedResources) > 0 || len(spec.ExcludedResources) > 0 {
		return true
	}
	return len(spec.IncludedClusterScopedResources)+len(spec.ExcludedClusterScopedResources)+
		len(spec.IncludedNamespaceScopedResources)+len(spec.ExcludedNamespaceScopedResources) == 0
}

func (s *Scope) addSelectors(spec *velerov1.BackupSpec) error {
	given := spec.OrLabelSelectors
	if spec.LabelSelector != nil {
		given = []*metav1.LabelSelector{spec.LabelSelector}
	}
	for _, selector := range given {
		parsed, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			return fmt.Errorf("the label selector cannot be used: %w", err)
		}
		s.selectors = append(s.selectors, parsed)
	}
	return nil
}

// Resource says whether the objects of a resource are looked for.
func (s *Scope) Resource(r *resources.Resource) bool { return s.resources.includes(r) }

// Needed says whether an object of a resource is backed up because another needs it.
func (s *Scope) Needed(r *resources.Resource) bool { return !s.resources.excludes(r) }

// Namespaces are those to look into, one by one. Nil: all, or so many that it is better to look into all at once.
func (s *Scope) Namespaces() []string { return s.namespaces.Names() }

// Ordered are the names of the objects of a resource that go before the others, with a namespace and a slash in front
// where there is one.
func (s *Scope) Ordered(r *resources.Resource) []string { return s.ordered[r.GroupResource()] }

// Selector is what the API is asked for: all that the labels could choose.
func (s *Scope) Selector() string {
	if len(s.selectors) != 1 {
		return "" // objects that match one of several are picked here
	}
	return s.selectors[0].String()
}

// Object says whether an object of a resource that is looked for belongs to the backup.
func (s *Scope) Object(meta *metav1.PartialObjectMetadata) bool {
	return s.Whole(meta) && (meta.Namespace == "" || s.namespaces.Match(meta.Namespace)) && s.labelled(meta)
}

// Whole says whether an object may be in a backup at all: it is not marked to be left out, and not on its way out.
func (s *Scope) Whole(meta *metav1.PartialObjectMetadata) bool {
	return meta.Labels[ExcludeLabel] != "true" && meta.DeletionTimestamp == nil
}

// Namespace says whether the object of a namespace belongs to the backup: because something in it does, because its
// labels are chosen, or because it is in the list, unless labels choose from all namespaces.
func (s *Scope) Namespace(namespace *corev1.Namespace, occupied bool) bool {
	meta := &metav1.PartialObjectMetadata{ObjectMeta: namespace.ObjectMeta}
	switch {
	case !s.Whole(meta):
		return false
	case occupied:
		return true
	case namespace.Status.Phase == corev1.NamespaceTerminating:
		return false
	case len(s.selectors) > 0 && s.labelled(meta):
		return true
	case len(s.selectors) > 0 && s.namespaces.Everything():
		return false
	}
	return s.namespaces.Match(namespace.Name)
}

func (s *Scope) labelled(meta *metav1.PartialObjectMetadata) bool {
	return len(s.selectors) == 0 ||
		slices.ContainsFunc(s.selectors, func(selector labels.Selector) bool { return selector.Matches(labels.Set(meta.Labels)) })
}
