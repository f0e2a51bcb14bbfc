package warnings

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/resources"
)

func TestUnknownNamespaces(t *testing.T) {
	for name, test := range map[string]struct {
		included, want []string
	}{
		"none named": {nil, nil},
		"all":        {[]string{"*"}, nil},
		"there":      {[]string{"shop", "team-?"}, nil},
		"misspelt":   {[]string{"shop", "shpo"}, []string{`spec.includedNamespaces[1]: there is no namespace "shpo": did you mean "shop"?`}},
		"like none":  {[]string{"warehouse"}, []string{`spec.includedNamespaces[0]: there is no namespace "warehouse"`}},
		"a pattern":  {[]string{"nope*"}, []string{`spec.includedNamespaces[0]: no namespace has a name such as "nope*"`}},
		"a class":    {[]string{"team-[a-c]", "team-[x-z]"}, []string{`spec.includedNamespaces[1]: no namespace has a name such as "team-[x-z]"`}},
		"cluster":    {[]string{""}, nil},
		"many":       {[]string{"1", "2", "3", "4", "5", "6", "7"}, []string{`"1"`, `"2"`, `"3"`, `"4"`, `"5"`}},
	} {
		t.Run(name, func(t *testing.T) {
			wantWarnings(t, UnknownNamespaces(test.included, field.NewPath("spec", "includedNamespaces"), []string{"blog", "shop", "team-a"}), test.want)
		})
	}
	long := make([]string, 20_000)
	for i := range long {
		long[i] = fmt.Sprintf("shop-%d", i)
	}
	wantWarnings(t, UnknownNamespaces(append(long[:mostNames:mostNames], "nope"), field.NewPath("spec"), long), nil)
}

func TestUnknownResources(t *testing.T) {
	served := resources.List{
		{GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: "secrets"}, Aliases: []string{"secret"}},
		{GroupVersionResource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Aliases: []string{"deploy", "deployment"}},
	}
	at := field.NewPath("spec", "template")
	spec := &v1.BackupSpec{
		IncludedResources: []string{"*", "Secret", "deploy", "deployments.apps", "*.apps", "deploymnt.apps"},
		ExcludedResources: []string{"secret", "secretss", "widgets.example.com"},
	}
	wantWarnings(t, UnknownIncluded(spec, at, served), []string{`spec.template.includedResources[5]: the API serves no resource "deploymnt.apps": did you mean "deployments.apps"?`})
	wantWarnings(t, UnknownExcluded(spec, at, served), []string{
		`spec.template.excludedResources[1]: the API serves no resource "secretss": did you mean "secrets"?`,
		`spec.template.excludedResources[2]: the API serves no resource "widgets.example.com"`,
	})
	byScope := &v1.BackupSpec{
		IncludedClusterScopedResources: []string{"a"}, ExcludedClusterScopedResources: []string{"b"},
		IncludedNamespaceScopedResources: []string{"c"}, ExcludedNamespaceScopedResources: []string{"d"},
	}
	wantWarnings(t, UnknownIncluded(byScope, at, served), []string{`includedClusterScopedResources[0]: the API serves no resource "a"`, `includedNamespaceScopedResources[0]: the API serves no resource "c"`})
	wantWarnings(t, UnknownExcluded(byScope, at, served), []string{`excludedClusterScopedResources[0]: the API serves no resource "b"`, `excludedNamespaceScopedResources[0]: the API serves no resource "d"`})
}
