package restore

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/patterns"
	"github.com/velero-locations/velero-locations/resources"
)

// policyFile is what the ConfigMap of a restore's resource policy holds, as Velero 1.18 reads it.
type policyFile struct {
	Version string `json:"version"`
	// Of backups alone.
	VolumePolicies       []json.RawMessage `json:"volumePolicies,omitempty"`
	IncludeExcludePolicy json.RawMessage   `json:"includeExcludePolicy,omitempty"`

	Cluster    *policyFilters  `json:"clusterScopedFilterPolicy,omitempty"`
	Namespaced []policyFilters `json:"namespacedFilterPolicies,omitempty"`
}

type policyFilters struct {
	Namespaces []string         `json:"namespaces,omitempty"`
	Filters    []resourceFilter `json:"resourceFilters"`
}

type resourceFilter struct {
	Kinds            []string                `json:"kinds"`
	LabelSelector    *metav1.LabelSelector   `json:"labelSelector,omitempty"`
	OrLabelSelectors []*metav1.LabelSelector `json:"orLabelSelectors,omitempty"`
	Names            []string                `json:"names,omitempty"`
	ExcludedNames    []string                `json:"excludedNames,omitempty"`

	selectors []labels.Selector // of which one is enough; none: all
}

// policies are filters of what is restored, by resource: of what has no namespace, and of namespaces.
type policies struct {
	cluster    policyFilters
	namespaced []policyFilters
}

// parsePolicies reads the policies of a ConfigMap. An error says what in it cannot be used.
func parsePolicies(config *corev1.ConfigMap) (*policies, error) {
	if len(config.Data) != 1 {
		return nil, fmt.Errorf("it has %d keys in its data: want one, with the policies", len(config.Data))
	}
	var file policyFile
	for _, text := range config.Data {
		if err := yaml.UnmarshalStrict([]byte(text), &file); err != nil {
			return nil, fmt.Errorf("its policies cannot be read: %w", err)
		}
	}
	p := &policies{namespaced: file.Namespaced}
	switch {
	case file.Version != "v1":
		return nil, fmt.Errorf("version: %q is not supported: want v1", file.Version)
	case len(file.VolumePolicies) > 0:
		return nil, errors.New("volumePolicies: they are of backups: leave them out")
	case len(file.IncludeExcludePolicy) > 0:
		return nil, errors.New("includeExcludePolicy: it is of backups: leave it out")
	}
	if file.Cluster != nil {
		const field = "clusterScopedFilterPolicy"
		p.cluster = *file.Cluster
		if len(p.cluster.Namespaces) > 0 {
			return nil, errors.New(field + ".namespaces: leave them out, it is of what has no namespace")
		}
		if err := p.cluster.parse(false); err != nil {
			return nil, fmt.Errorf("%s.%w", field, err)
		}
	}
	named := map[string]int{}
	for i := range p.namespaced {
		field, of := fmt.Sprintf("namespacedFilterPolicies[%d]", i), &p.namespaced[i]
		if len(of.Namespaces) == 0 {
			return nil, errors.New(field + ".namespaces: want at least one, or a pattern")
		}
		if err := readable(of.Namespaces); err != nil {
			return nil, fmt.Errorf("%s.namespaces%w", field, err)
		}
		for _, namespace := range of.Namespaces {
			if earlier, found := named[namespace]; found {
				return nil, fmt.Errorf("%s.namespaces: %q is in namespacedFilterPolicies[%d], too", field, namespace, earlier)
			}
			named[namespace] = i
		}
		if err := of.parse(true); err != nil {
			return nil, fmt.Errorf("%s.%w", field, err)
		}
	}
	return p, nil
}

// parse checks filters, of which one may be of all resources that the others do not name.
func (p *policyFilters) parse(catchAll bool) error {
	if len(p.Filters) == 0 {
		return errors.New("resourceFilters: want at least one")
	}
	named := map[string]bool{}
	for i := range p.Filters {
		f := &p.Filters[i]
		if f.catchesAll() {
			switch {
			case !catchAll:
				return fmt.Errorf("resourceFilters[%d].kinds: name resources", i)
			case len(f.Names)+len(f.ExcludedNames) > 0:
				return fmt.Errorf("resourceFilters[%d]: names and excludedNames go with kinds", i)
			}
			f.Kinds = []string{"*"}
		}
		for j, kind := range f.Kinds {
			f.Kinds[j] = strings.ToLower(kind)
			if named[f.Kinds[j]] {
				return fmt.Errorf("resourceFilters[%d].kinds: %q is named twice", i, f.Kinds[j])
			}
			named[f.Kinds[j]] = true
		}
		if err := f.parse(); err != nil {
			return fmt.Errorf("resourceFilters[%d].%w", i, err)
		}
	}
	return nil
}

// catchesAll says that a filter is of all resources that no other one is of.
func (f *resourceFilter) catchesAll() bool {
	return len(f.Kinds) == 0 || slices.Equal(f.Kinds, []string{"*"})
}

func (f *resourceFilter) parse() error {
	given := f.OrLabelSelectors
	if present(f.LabelSelector) {
		if len(given) > 0 {
			return errors.New("labelSelector: it cannot be beside orLabelSelectors")
		}
		given = []*metav1.LabelSelector{f.LabelSelector}
	}
	for _, selector := range slices.DeleteFunc(slices.Clone(given), func(s *metav1.LabelSelector) bool { return !present(s) }) {
		parsed, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			return fmt.Errorf("labelSelector: %w", err)
		}
		f.selectors = append(f.selectors, parsed)
	}
	for field, names := range map[string][]string{"names": f.Names, "excludedNames": f.ExcludedNames} {
		if err := readable(names); err != nil {
			return fmt.Errorf("%s%w", field, err)
		}
	}
	return nil
}

// present says whether a selector selects anything: one that is empty counts as absent.
func present(s *metav1.LabelSelector) bool {
	return s != nil && len(s.MatchLabels)+len(s.MatchExpressions) > 0
}

// readable wants patterns that can be read. An error begins with the index of one that cannot.
func readable(names []string) error {
	for i, name := range names {
		if _, err := path.Match(name, ""); err != nil || strings.ContainsAny(name, "{}") {
			return fmt.Errorf("[%d]: %q cannot be read: want a name, or a pattern with *, ? and [a-z]", i, name)
		}
	}
	return nil
}

// filters are those that an object's resource is looked for in. Nil: its labels decide, as without a policy.
func (p *policies) filters(object backups.Object) *policyFilters {
	if p == nil {
		return nil
	}
	if object.Namespace == "" {
		return &p.cluster
	}
	// A name goes before patterns, wherever it stands.
	for _, matches := range []func([]string) bool{
		func(namespaces []string) bool { return slices.Contains(namespaces, object.Namespace) },
		func(namespaces []string) bool { return patterns.MatchAny(namespaces, object.Namespace) },
	} {
		if i := slices.IndexFunc(p.namespaced, func(of policyFilters) bool { return matches(of.Namespaces) }); i >= 0 {
			return &p.namespaced[i]
		}
	}
	return nil
}

// filter finds the filter of an object's resource, which is called by one of its names or by its kind. Decides is false if no policy is
// of the object, so that its labels decide; nil: the policy leaves it out.
func (p *policies) filter(object backups.Object, kind string, served resources.List) (f *resourceFilter, decides bool) {
	of := p.filters(object)
	if of == nil {
		return nil, false
	}
	named := func(f resourceFilter, called func(string) bool) bool { return slices.ContainsFunc(f.Kinds, called) }
	for _, called := range []func(string) bool{
		func(name string) bool { return served.Resolve(name) == object.Resource },
		func(name string) bool { return strings.EqualFold(name, kind) },
		func(name string) bool { return name == "*" },
	} {
		if i := slices.IndexFunc(of.Filters, func(f resourceFilter) bool { return named(f, called) }); i >= 0 {
			return &of.Filters[i], true
		}
	}
	return nil, object.Namespace != ""
}

// selects says whether a filter selects an object by its name and labels.
func (f *resourceFilter) selects(name string, has map[string]string) bool {
	if f == nil {
		return false
	}
	labelled := len(f.selectors) == 0 || slices.ContainsFunc(f.selectors, func(s labels.Selector) bool { return s.Matches(labels.Set(has)) })
	return labelled && patterns.Filter{Include: f.Names, Exclude: f.ExcludedNames}.Match(name)
}
