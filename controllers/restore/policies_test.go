package restore

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/resources"
)

func policiesOf(text string) (*policies, error) {
	return parsePolicies(&corev1.ConfigMap{Data: map[string]string{"policies.yaml": "version: v1\n" + text}})
}

// TestPolicies shows which objects policies select. Those that they leave to the restore's labels stand in brackets.
func TestPolicies(t *testing.T) {
	served := resources.List{
		{GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, Aliases: []string{"configmap", "cm"}},
		{GroupVersionResource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Aliases: []string{"deployment", "deploy"}},
	}
	all := []struct {
		object backups.Object
		kind   string
		labels map[string]string
	}{
		{backups.Object{Resource: schema.GroupResource{Resource: "configmaps"}, Namespace: "a", Name: "cm-1"}, "ConfigMap", map[string]string{"tier": "front"}},
		{backups.Object{Resource: schema.GroupResource{Resource: "configmaps"}, Namespace: "a", Name: "cm-2"}, "ConfigMap", nil},
		{backups.Object{Resource: schema.GroupResource{Resource: "configmaps"}, Namespace: "b", Name: "cm-b"}, "ConfigMap", nil},
		{backups.Object{Resource: schema.GroupResource{Group: "apps", Resource: "deployments"}, Namespace: "a", Name: "web"}, "Deployment", nil},
		{backups.Object{Resource: schema.GroupResource{Group: "bakery", Resource: "cakes"}, Namespace: "a", Name: "lemon"}, "Cake", nil},
		{backups.Object{Resource: pvResource, Name: "pv-1"}, "PersistentVolume", nil},
		{backups.Object{Resource: pvResource, Name: "pv-2"}, "PersistentVolume", map[string]string{"tier": "front"}},
	}
	const others = "[cm-b] [pv-1] [pv-2]"
	for name, tc := range map[string]struct{ policies, want string }{
		"a resource":           {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [configmaps]}]}]`, "cm-1 cm-2 " + others},
		"a short name":         {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [CM, deploy]}]}]`, "cm-1 cm-2 web " + others},
		"a kind":               {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [Cake]}]}]`, "lemon " + others},
		"with a group":         {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [cakes.bakery, deployments.apps]}]}]`, "web lemon " + others},
		"all":                  {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: ["*"]}]}]`, "cm-1 cm-2 web lemon " + others},
		"all with labels":      {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{labelSelector: {matchLabels: {tier: front}}}]}]`, "cm-1 " + others},
		"one, and the others":  {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: []}, {kinds: [configmaps], names: [cm-2]}]}]`, "cm-2 web lemon " + others},
		"names":                {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [configmaps], names: ["cm-*"], excludedNames: [cm-1]}]}]`, "cm-2 " + others},
		"one of some labels":   {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [configmaps], orLabelSelectors: [{matchLabels: {tier: back}}, {}, {matchExpressions: [{key: tier, operator: Exists}]}]}]}]`, "cm-1 " + others},
		"no labels":            {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [configmaps], labelSelector: {}}]}]`, "cm-1 cm-2 " + others},
		"a pattern":            {`namespacedFilterPolicies: [{namespaces: ["?"], resourceFilters: [{kinds: [configmaps]}]}]`, "cm-1 cm-2 cm-b [pv-1] [pv-2]"},
		"a name before":        {`namespacedFilterPolicies: [{namespaces: ["*"], resourceFilters: [{kinds: [configmaps]}]}, {namespaces: [a], resourceFilters: [{kinds: [deployments]}]}]`, "cm-b web [pv-1] [pv-2]"},
		"without a namespace":  {`clusterScopedFilterPolicy: {resourceFilters: [{kinds: [persistentvolumes], names: [pv-1]}]}`, "[cm-1] [cm-2] [cm-b] [web] [lemon] pv-1"},
		"others have none":     {`clusterScopedFilterPolicy: {resourceFilters: [{kinds: [clusterroles]}]}`, "[cm-1] [cm-2] [cm-b] [web] [lemon] [pv-1] [pv-2]"},
		"both":                 {"clusterScopedFilterPolicy: {resourceFilters: [{kinds: [PersistentVolume], labelSelector: {matchLabels: {tier: front}}}]}\nnamespacedFilterPolicies: [{namespaces: [a, b], resourceFilters: [{kinds: [cm]}]}]", "cm-1 cm-2 cm-b pv-2"},
		"neither of the names": {`namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [nosuch]}]}]`, others},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := policiesOf(tc.policies)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range all {
				switch filter, decides := p.filter(o.object, o.kind, served); {
				case !decides:
					got = append(got, "["+o.object.Name+"]")
				case filter.selects(o.object.Name, o.labels):
					got = append(got, o.object.Name)
				}
			}
			want := strings.Fields(tc.want)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestPoliciesAreRefused(t *testing.T) {
	for policies, want := range map[string]string{
		"volumePolicies: [{conditions: {}, action: {type: skip}}]": "volumePolicies: they are of backups",
		"includeExcludePolicy: {}":                                 "includeExcludePolicy: it is of backups",
		"nosuch: 1":                                                "nosuch",
		"version: v2":                                              "version",
		"clusterScopedFilterPolicy: {resourceFilters: []}":         "clusterScopedFilterPolicy.resourceFilters: want at least one",
		"clusterScopedFilterPolicy: {resourceFilters: [{kinds: ['*']}]}":                                                                                      "clusterScopedFilterPolicy.resourceFilters[0].kinds: name resources",
		"namespacedFilterPolicies: [{resourceFilters: [{kinds: [a]}]}]":                                                                                       "namespacedFilterPolicies[0].namespaces: want at least one",
		"namespacedFilterPolicies: [{namespaces: ['[']}]":                                                                                                     `namespacedFilterPolicies[0].namespaces[0]: "[" cannot be read`,
		"namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{}, {}]}]":                                                                            `resourceFilters[1].kinds: "*" is named twice`,
		"namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [a]}, {kinds: [A]}]}]":                                                        `resourceFilters[1].kinds: "a" is named twice`,
		"namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{names: [x]}]}]":                                                                      "names and excludedNames go with kinds",
		"namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{kinds: [a], names: ['{x,y}']}]}]":                                                    "names[0]",
		"namespacedFilterPolicies: [{namespaces: [a, a], resourceFilters: [{}]}]":                                                                             `"a" is in namespacedFilterPolicies[0], too`,
		"namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{labelSelector: {matchLabels: {'?': a}}}]}]":                                          "labelSelector",
		"namespacedFilterPolicies: [{namespaces: [a], resourceFilters: [{labelSelector: {matchLabels: {a: a}}, orLabelSelectors: [{matchLabels: {a: a}}]}]}]": "cannot be beside orLabelSelectors",
	} {
		if _, err := policiesOf(policies); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", policies, err, want)
		}
	}
}
