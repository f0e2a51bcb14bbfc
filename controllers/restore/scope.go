package restore

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/patterns"
	"github.com/velero-locations/velero-locations/resources"
)

// never are the resources that no restore brings back: what a cluster makes itself, and Velero's own records.
var never = []string{
	"nodes", "events", "events.events.k8s.io", "backups.velero.io", "restores.velero.io", "resticrepositories.velero.io",
	"csinodes.storage.k8s.io", "volumeattachments.storage.k8s.io", "backuprepositories.velero.io",
}

// scope is what of a backup is restored, by the rules of Velero 1.18.
type scope struct {
	namespaces patterns.Filter
	resources  patterns.Filter
	status     *patterns.Filter // nil: of no resource
	cluster    *bool
	selectors  []labels.Selector
}

// newScope returns the scope of a restore, in an API that serves the resources. An error names the field that cannot be understood.
func newScope(spec *velerov1.RestoreSpec, served resources.List) (*scope, error) {
	s := &scope{
		namespaces: patterns.Filter{Include: spec.IncludedNamespaces, Exclude: spec.ExcludedNamespaces},
		resources:  served.Filter(spec.IncludedResources, spec.ExcludedResources),
		cluster:    spec.IncludeClusterResources,
	}
	if status := spec.RestoreStatus; status != nil {
		filter := served.Filter(status.IncludedResources, status.ExcludedResources)
		s.status = &filter
	}
	given := spec.OrLabelSelectors
	if spec.LabelSelector != nil {
		given = []*metav1.LabelSelector{spec.LabelSelector}
	}
	for _, selector := range given {
		parsed, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			return nil, fmt.Errorf("the label selector cannot be used: %w", err)
		}
		s.selectors = append(s.selectors, parsed)
	}
	return s, nil
}

// selects says whether an object is looked at on its own, apart from its labels.
func (s *scope) selects(object backups.Object) bool { return s.leavesOut(object) == "" }

// leavesOut says why an object is not looked at on its own, apart from its labels. Empty: it is.
func (s *scope) leavesOut(object backups.Object) string {
	switch {
	case !s.needed(object):
		return s.excludes(object)
	case object.Resource == namespaceResource && !s.namespaces.Match(object.Name):
		return excludedNamespace
	case object.Namespace == "" && s.cluster == nil && !s.namespaces.Everything():
		return "of what has no namespace, only what others need is restored (spec.includeClusterResources)"
	}
	return ""
}

// needed says whether an object is restored if another needs it.
func (s *scope) needed(object backups.Object) bool { return s.excludes(object) == "" }

const excludedNamespace = "its namespace is not included, or excluded"

// excludes says why an object is not restored even if another needs it. Empty: it is.
func (s *scope) excludes(object backups.Object) string {
	switch {
	case !s.resources.Match(object.Resource.String()):
		return "its resource is not included, or excluded"
	case object.Namespace != "" && !s.namespaces.Match(object.Namespace):
		return excludedNamespace
	case object.Namespace == "" && s.cluster != nil && !*s.cluster:
		return "it has no namespace (spec.includeClusterResources is false)"
	}
	return ""
}

// byLabels says that the labels of objects matter.
func (s *scope) byLabels() bool { return len(s.selectors) > 0 }

func (s *scope) labelled(has map[string]string) bool {
	for _, selector := range s.selectors {
		if selector.Matches(labels.Set(has)) {
			return true
		}
	}
	return !s.byLabels()
}

// statusAnnotation of an object says "true" or "false", whatever the restore says of its resource.
const statusAnnotation = "velero.io/restore-status"

// withStatus says whether the status of an object is restored.
func (s *scope) withStatus(resource schema.GroupResource, annotations map[string]string) bool {
	switch annotations[statusAnnotation] {
	case "true":
		return true
	case "false":
		return false
	}
	return s.status != nil && s.status.Match(resource.String())
}
