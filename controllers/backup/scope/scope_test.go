package scope

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/resources"
)

func resource(group, name, kind string, namespaced bool, aliases ...string) resources.Resource {
	return resources.Resource{GroupVersionResource: schema.GroupVersionResource{Group: group, Version: "v1", Resource: name}, Kind: kind, Namespaced: namespaced, Aliases: aliases}
}

var served = resources.List{
	resource("", "configmaps", "ConfigMap", true, "cm", "configmap"),
	resource("", "namespaces", "Namespace", false, "ns", "namespace"),
	resource("", "persistentvolumes", "PersistentVolume", false, "pv", "persistentvolume"),
	resource("apps", "deployments", "Deployment", true, "deploy", "deployment"),
	resource("example.com", "deployments", "Deployment", true),
	resource("rbac.authorization.k8s.io", "clusterroles", "ClusterRole", false),
}

func yes(b bool) *bool { return &b }

// TestResources lists, for each spec, the resources that are looked for, and those that come along when needed.
func TestResources(t *testing.T) {
	for name, tc := range map[string]struct {
		spec           velerov1.BackupSpec
		looked, needed []string
	}{
		"everything": {
			looked: []string{"configmaps", "namespaces", "persistentvolumes", "deployments.apps", "deployments.example.com", "clusterroles.rbac.authorization.k8s.io"},
		},
		"a star is everything": {
			spec:   velerov1.BackupSpec{IncludedNamespaces: []string{"*"}, IncludedResources: []string{"*"}},
			looked: []string{"configmaps", "namespaces", "persistentvolumes", "deployments.apps", "deployments.example.com", "clusterroles.rbac.authorization.k8s.io"},
		},
		"some namespaces": {
			spec:   velerov1.BackupSpec{IncludedNamespaces: []string{"a"}},
			looked: []string{"configmaps", "namespaces", "deployments.apps", "deployments.example.com"},
			needed: []string{"persistentvolumes", "clusterroles.rbac.authorization.k8s.io"},
		},
		"all but a namespace, in the old way": {
			spec:   velerov1.BackupSpec{ExcludedNamespaces: []string{"a"}, ExcludedResources: []string{"deployments.example.com"}},
			looked: []string{"configmaps", "namespaces", "deployments.apps"},
			needed: []string{"persistentvolumes", "clusterroles.rbac.authorization.k8s.io"},
		},
		"cluster resources, too": {
			spec:   velerov1.BackupSpec{IncludedNamespaces: []string{"a"}, IncludeClusterResources: yes(true)},
			looked: []string{"configmaps", "namespaces", "persistentvolumes", "deployments.apps", "deployments.example.com", "clusterroles.rbac.authorization.k8s.io"},
		},
		"no cluster resources": {
			spec:   velerov1.BackupSpec{IncludeClusterResources: yes(false)},
			looked: []string{"configmaps", "deployments.apps", "deployments.example.com"},
		},
		"names as people use them": {
			spec:   velerov1.BackupSpec{IncludedResources: []string{"cm", "Deployment", "PV"}},
			looked: []string{"configmaps", "persistentvolumes", "deployments.apps"},
		},
		"a group": {
			spec:   velerov1.BackupSpec{IncludedResources: []string{"deployments.example.com", "nonsense"}},
			looked: []string{"deployments.example.com"},
		},
		"a pattern": {
			spec:   velerov1.BackupSpec{ExcludedResources: []string{"*.apps", "*.io"}},
			looked: []string{"configmaps", "namespaces", "persistentvolumes", "deployments.example.com"},
		},
		"by scope: namespaced ones": {
			spec:   velerov1.BackupSpec{IncludedNamespaceScopedResources: []string{"deploy"}},
			looked: []string{"namespaces", "deployments.apps"},
			needed: []string{"persistentvolumes", "clusterroles.rbac.authorization.k8s.io"},
		},
		"by scope: cluster ones": {
			spec:   velerov1.BackupSpec{IncludedClusterScopedResources: []string{"clusterroles"}, ExcludedNamespaceScopedResources: []string{"*"}},
			looked: []string{"namespaces", "clusterroles.rbac.authorization.k8s.io"},
			needed: []string{"persistentvolumes"},
		},
		"by scope: without volumes": {
			spec:   velerov1.BackupSpec{ExcludedClusterScopedResources: []string{"pv"}},
			looked: []string{"configmaps", "namespaces", "deployments.apps", "deployments.example.com"},
			needed: []string{"clusterroles.rbac.authorization.k8s.io"},
		},
		"by scope: without cluster resources": {
			spec:   velerov1.BackupSpec{ExcludedClusterScopedResources: []string{"*"}},
			looked: []string{"configmaps", "deployments.apps", "deployments.example.com"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(&tc.spec, served)
			if err != nil {
				t.Fatal(err)
			}
			var looked, needed []string
			for _, r := range served {
				switch name := r.GroupResource().String(); {
				case s.Resource(&r):
					looked = append(looked, name)
				case !r.Namespaced && s.Needed(&r):
					needed = append(needed, name)
				}
			}
			if !slices.Equal(looked, tc.looked) || !slices.Equal(needed, tc.needed) {
				t.Errorf("got %q and, when needed, %q; want %q and %q", looked, needed, tc.looked, tc.needed)
			}
		})
	}
}

func TestNamespaces(t *testing.T) {
	for name, tc := range map[string]struct {
		include, exclude []string
		names            []string
		in, out          []string
	}{
		"all":         {in: []string{"a", "b"}},
		"a star":      {include: []string{"*"}, in: []string{"a"}},
		"some":        {include: []string{"b", "a", "b"}, names: []string{"b", "a"}, in: []string{"a"}, out: []string{"c"}},
		"but":         {include: []string{"a", "b"}, exclude: []string{"b"}, names: []string{"a"}, out: []string{"b"}},
		"none":        {include: []string{"a"}, exclude: []string{"a"}, names: []string{}, out: []string{"a"}},
		"patterns":    {include: []string{"team-*", "x"}, exclude: []string{"team-?"}, in: []string{"team-ab", "x"}, out: []string{"team-a", "y"}},
		"all but one": {exclude: []string{"a"}, in: []string{"b"}, out: []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(&velerov1.BackupSpec{IncludedNamespaces: tc.include, ExcludedNamespaces: tc.exclude}, served)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Namespaces(); !slices.Equal(got, tc.names) || (got == nil) != (tc.names == nil) {
				t.Errorf("got %#v, want %#v", got, tc.names)
			}
			for want, names := range map[bool][]string{true: tc.in, false: tc.out} {
				for _, name := range names {
					meta := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: name}}
					if s.Object(meta) != want {
						t.Errorf("an object in %q: got %v", name, !want)
					}
				}
			}
		})
	}
}

func TestNamespaceObjects(t *testing.T) {
	labelled := func(phase corev1.NamespacePhase, labels ...string) *corev1.Namespace {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: map[string]string{}}, Status: corev1.NamespaceStatus{Phase: phase}}
		for _, label := range labels {
			namespace.Labels[label] = "true"
		}
		return namespace
	}
	chosen := &metav1.LabelSelector{MatchLabels: map[string]string{"chosen": "true"}}
	for name, tc := range map[string]struct {
		spec      velerov1.BackupSpec
		namespace *corev1.Namespace
		occupied  bool
		want      bool
	}{
		"all":                          {namespace: labelled("Active"), want: true},
		"not in the list":              {spec: velerov1.BackupSpec{IncludedNamespaces: []string{"b"}}, namespace: labelled("Active")},
		"something in it is":           {spec: velerov1.BackupSpec{LabelSelector: chosen}, namespace: labelled("Active"), occupied: true, want: true},
		"not by its labels":            {spec: velerov1.BackupSpec{LabelSelector: chosen}, namespace: labelled("Active")},
		"by its labels":                {spec: velerov1.BackupSpec{OrLabelSelectors: []*metav1.LabelSelector{chosen}}, namespace: labelled("Active", "chosen"), want: true},
		"in the list, whatever labels": {spec: velerov1.BackupSpec{LabelSelector: chosen, IncludedNamespaces: []string{"a"}}, namespace: labelled("Active"), want: true},
		"on its way out":               {namespace: labelled("Terminating")},
		"to be left out":               {namespace: labelled("Active", ExcludeLabel), occupied: true},
	} {
		s, err := New(&tc.spec, served)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Namespace(tc.namespace, tc.occupied); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestSelectors(t *testing.T) {
	a, b := &metav1.LabelSelector{MatchLabels: map[string]string{"a": "1"}}, &metav1.LabelSelector{MatchLabels: map[string]string{"b": "1"}}
	one, err := New(&velerov1.BackupSpec{LabelSelector: a}, served)
	if err != nil || one.Selector() != "a=1" {
		t.Errorf("got %q, %v", one.Selector(), err)
	}
	several, err := New(&velerov1.BackupSpec{OrLabelSelectors: []*metav1.LabelSelector{a, b}}, served)
	if err != nil || several.Selector() != "" {
		t.Errorf("got %q, %v", several.Selector(), err)
	}
	for label, want := range map[string]bool{"a": true, "b": true, "c": false} {
		if got := several.Object(&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{label: "1"}}}); got != want {
			t.Errorf("label %s: got %v", label, got)
		}
	}
	wrong := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Like"}}}
	if _, err := New(&velerov1.BackupSpec{LabelSelector: wrong}, served); err == nil {
		t.Error("a selector that cannot be used was taken")
	}
}
