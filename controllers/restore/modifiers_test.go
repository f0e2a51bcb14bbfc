package restore

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
)

// TestModifiers shows which objects rules change, and how.
func TestModifiers(t *testing.T) {
	const deployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: shop, namespace: a, labels: {tier: front}}, spec: {replicas: 2, template: {spec: {containers: [{name: c, image: i}]}}}}`
	with := func(spec string) string { return strings.Replace(deployment, "replicas: 2", spec, 1) }
	for name, tc := range map[string]struct {
		rules, object, resource string
		want                    string // empty: as it was
		err                     string
	}{
		"a value":                 {rules: `[{conditions: {groupResource: deployments.apps}, patches: [{operation: replace, path: /spec/replicas, value: "3"}]}]`, want: with("replicas: 3")},
		"a quoted value":          {rules: `[{conditions: {groupResource: deployments.apps}, patches: [{operation: replace, path: /spec/replicas, value: '"3"'}]}]`, want: with(`replicas: "3"`)},
		"a string":                {rules: `[{conditions: {groupResource: deployments.apps}, patches: [{operation: add, path: /spec/paused, value: maybe}]}]`, want: with("paused: maybe, replicas: 2")},
		"null, a boolean, a list": {rules: `[{conditions: {groupResource: deployments.apps}, patches: [{operation: add, path: /spec/a, value: "null"}, {operation: add, path: /spec/b, value: "true"}, {operation: add, path: /spec/c, value: "[1]"}]}]`, want: with("a: null, b: true, c: [1], replicas: 2")},
		"a copy and a move":       {rules: `[{conditions: {groupResource: deployments.apps}, patches: [{operation: copy, from: /spec/replicas, path: /spec/a}, {operation: move, from: /spec/a, path: /spec/b}]}]`, want: with("b: 2, replicas: 2")},
		"a removal":               {rules: `[{conditions: {groupResource: deployments.apps}, patches: [{operation: remove, path: /spec/replicas}]}]`, want: strings.Replace(deployment, "replicas: 2, ", "", 1)},
		"a test that holds":       {rules: `[{conditions: {groupResource: deployments.apps}, patches: [{operation: test, path: /spec/replicas, value: "2"}, {operation: replace, path: /spec/replicas, value: "0"}]}]`, want: with("replicas: 0")},
		"a test that does not":    {rules: `[{conditions: {groupResource: deployments.apps}, patches: [{operation: replace, path: /spec/replicas, value: "0"}, {operation: test, path: /metadata/name, value: blog}]}]`},
		"no such field":           {rules: `[{conditions: {groupResource: deployments.apps}, patches: [{operation: remove, path: /spec/none}]}, {conditions: {groupResource: deployments.apps}, patches: [{operation: replace, path: /spec/replicas, value: "0"}]}]`, want: with("replicas: 0"), err: "resourceModifierRules[0]: "},
		"a merge":                 {rules: `[{conditions: {groupResource: deployments.apps}, mergePatches: [{patchData: "spec: {replicas: 4}"}, {patchData: '{"spec": {"paused": true}}'}]}]`, want: with("paused: true, replicas: 4")},
		"a merge that removes":    {rules: `[{conditions: {groupResource: deployments.apps}, mergePatches: [{patchData: "spec: {replicas: null}"}]}]`, want: strings.Replace(deployment, "replicas: 2, ", "", 1)},
		"a strategic merge":       {rules: `[{conditions: {groupResource: deployments.apps}, strategicPatches: [{patchData: "spec: {template: {spec: {containers: [{name: c, image: j}]}}}"}]}]`, want: strings.Replace(deployment, "image: i", "image: j", 1)},
		"of a custom kind":        {rules: `[{conditions: {groupResource: cakes.bakery}, strategicPatches: [{patchData: "spec: {}"}]}]`, object: `{apiVersion: bakery/v1, kind: Cake, metadata: {name: c}}`, resource: "cakes.bakery", err: "use mergePatches"},
		"another resource":        {rules: `[{conditions: {groupResource: deployments}, mergePatches: [{patchData: "spec: null"}]}]`},
		"a pattern":               {rules: `[{conditions: {groupResource: "d*.apps"}, mergePatches: [{patchData: "spec: {replicas: 4}"}]}]`, want: with("replicas: 4")},
		"a pattern without dots":  {rules: `[{conditions: {groupResource: "*"}, mergePatches: [{patchData: "spec: null"}]}]`},
		"a pattern of all":        {rules: `[{conditions: {groupResource: "**"}, mergePatches: [{patchData: "spec: {replicas: 4}"}]}]`, want: with("replicas: 4")},
		"a choice":                {rules: `[{conditions: {groupResource: "{deploy,daemon}[!x]ent?.apps"}, mergePatches: [{patchData: "spec: {replicas: 4}"}]}]`, want: with("replicas: 4")},
		"a namespace":             {rules: `[{conditions: {groupResource: deployments.apps, namespaces: [b, "a*"]}, mergePatches: [{patchData: "spec: {replicas: 4}"}]}]`, want: with("replicas: 4")},
		"another namespace":       {rules: `[{conditions: {groupResource: deployments.apps, namespaces: [b]}, mergePatches: [{patchData: "spec: null"}]}]`},
		"a name":                  {rules: `[{conditions: {groupResource: deployments.apps, resourceNameRegex: "^sh"}, mergePatches: [{patchData: "spec: {replicas: 4}"}]}]`, want: with("replicas: 4")},
		"another name":            {rules: `[{conditions: {groupResource: deployments.apps, resourceNameRegex: "^op"}, mergePatches: [{patchData: "spec: null"}]}]`},
		"labels":                  {rules: `[{conditions: {groupResource: deployments.apps, labelSelector: {matchLabels: {tier: front}}}, mergePatches: [{patchData: "spec: {replicas: 4}"}]}]`, want: with("replicas: 4")},
		"other labels":            {rules: `[{conditions: {groupResource: deployments.apps, labelSelector: {matchLabels: {tier: back}}}, mergePatches: [{patchData: "spec: null"}]}]`},
		"a match":                 {rules: `[{conditions: {groupResource: deployments.apps, matches: [{path: /spec/replicas, value: "2"}]}, mergePatches: [{patchData: "spec: {replicas: 4}"}]}]`, want: with("replicas: 4")},
		"no match":                {rules: `[{conditions: {groupResource: deployments.apps, matches: [{path: /spec/replicas, value: "3"}]}, mergePatches: [{patchData: "spec: null"}]}]`},
		"a match of nothing":      {rules: `[{conditions: {groupResource: deployments.apps, matches: [{path: /spec/none/of/it, value: "3"}]}, mergePatches: [{patchData: "spec: null"}]}]`},
		"conditions of before":    {rules: `[{conditions: {groupResource: deployments.apps}, mergePatches: [{patchData: "metadata: {labels: {tier: back}}"}]}, {conditions: {groupResource: deployments.apps, labelSelector: {matchLabels: {tier: front}}}, mergePatches: [{patchData: "spec: {replicas: 4}"}]}]`, want: strings.Replace(with("replicas: 4"), "front", "back", 1)},
		"no object any more":      {rules: `[{conditions: {groupResource: deployments.apps}, mergePatches: [{patchData: "kind: null"}]}]`, err: "is no object"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.object == "" {
				tc.object, tc.resource = deployment, "deployments.apps"
			}
			if tc.want == "" {
				tc.want = tc.object
			}
			rules, err := parseModifiers(&corev1.ConfigMap{Data: map[string]string{"rules.yaml": "version: v1\nresourceModifierRules: " + tc.rules}})
			if err != nil {
				t.Fatal(err)
			}
			object := parse(t, tc.object)
			if err := errors.Join(rules.apply(object, tc.resource)...); (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("got error %v, want %q", err, tc.err)
			}
			if diff := cmp.Diff(plain(t, parse(t, tc.want)), plain(t, object)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestModifiersCopyLittle shows that a patch cannot make an object grow without end.
func TestModifiersCopyLittle(t *testing.T) {
	object := parse(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: `+strings.Repeat("x", 1<<20)+`}}`)
	copies := make([]modifierPatch, copyLimit>>20+1)
	for i := range copies {
		copies[i] = modifierPatch{Operation: "copy", From: "/data/a", Path: fmt.Sprintf("/data/b%d", i)}
	}
	content, err := object.MarshalJSON()
	patch, patchErr := jsonPatch(copies)
	if err != nil || patchErr != nil {
		t.Fatal(err, patchErr)
	}
	if _, err := applyJSONPatch(patch, content); err == nil || !strings.Contains(err.Error(), "accumulated size") {
		t.Errorf("got %v", err)
	}
}

// TestMalformedModifiers shows what is said of rules that cannot be used.
func TestMalformedModifiers(t *testing.T) {
	rule := func(rest string) map[string]string {
		return map[string]string{"r": `{version: v1, resourceModifierRules: [{` + rest + `}]}`}
	}
	const conditions = `conditions: {groupResource: pods}, `
	for want, data := range map[string]map[string]string{
		"it has 0 keys in its data":                                   nil,
		"it has 2 keys in its data":                                   {"a": "", "b": ""},
		"its rules cannot be read":                                    {"r": "version: [v1"},
		`unknown field "rules"`:                                       {"r": "{version: v1, rules: []}"},
		`version: "v2" is not supported: want v1`:                     {"r": "version: v2"},
		"resourceModifierRules: want at least one rule":               {"r": "version: V1"},
		"resourceModifierRules[0].conditions.groupResource: name the": rule(`patches: []`),
		`conditions.groupResource: "[a" is no pattern`:                rule(`conditions: {groupResource: "[a"}`),
		"conditions.resourceNameRegex: error parsing":                 rule(`conditions: {groupResource: pods, resourceNameRegex: "("}`),
		"conditions.labelSelector: ":                                  rule(`conditions: {groupResource: pods, labelSelector: {matchExpressions: [{key: a, operator: Is}]}}`),
		"conditions.matches[0].path: say which field":                 rule(`conditions: {groupResource: pods, matches: [{value: a}]}`),
		"want one of patches, mergePatches and strategicPatches":      rule(`conditions: {groupResource: pods}`),
		"patches: want one of patches, mergePatches":                  rule(conditions + `mergePatches: [{patchData: "{}"}], patches: [{operation: remove, path: /a}]`),
		`patches[0].operation: "drop" is not supported`:               rule(conditions + `patches: [{operation: drop, path: /a}]`),
		"patches[1].path: say which field":                            rule(conditions + `patches: [{operation: remove, path: /a}, {operation: remove, path: ""}]`),
		"patches[0]: it is no operation of a JSON patch":              rule(conditions + `patches: [{operation: add, path: /a, value: "{"}]`),
		"mergePatches[0].patchData: ":                                 rule(conditions + `mergePatches: [{patchData: "[1]"}]`),
		"strategicPatches[0].patchData: ":                             rule(conditions + `strategicPatches: [{patchData: "a: [b"}]`),
	} {
		if _, err := parseModifiers(&corev1.ConfigMap{Data: data}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %s", data, err, want)
		}
	}
}
