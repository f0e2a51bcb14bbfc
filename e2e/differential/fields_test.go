package differential

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// fieldsTheme is how the names of cases begin that are made from a CRD.
const fieldsTheme = "fields: "

// fieldScripts returns cases that are made from the CRD of a kind: for each field one in which it is null, of another type,
// empty, missing though required, and not one of the values that there are. None is stored.
func fieldScripts(t *testing.T, k *kind) []*script {
	t.Helper()
	g := &fieldCases{kind: k, done: map[string]bool{}}
	for _, full := range k.sample.Full {
		g.full = full
		g.object(nil, k.schema(), nil, full)
	}
	// A field that no sample has is never tried.
	for name, schema := range k.schema() {
		if name != "metadata" && name != "kind" && name != "apiVersion" {
			for _, missing := range g.untried(name, schema) {
				t.Errorf("kinds/%s.yaml: no full object has %s", k.plural(), missing)
			}
		}
	}
	return g.scripts
}

type fieldCases struct {
	kind    *kind
	full    map[string]any
	done    map[string]bool // by path
	scripts []*script
}

type step any // the key of a map or the index of a list

func pathOf(steps []step) string {
	var b strings.Builder
	for _, s := range steps {
		switch s := s.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", s)
		default:
			fmt.Fprintf(&b, ".%v", s)
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

// object tries the fields of an object.
func (g *fieldCases) object(at []step, properties map[string]apiextensionsv1.JSONSchemaProps, required []string, value map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if below, ok := value[name]; ok && (len(at) > 0 || name == "spec" || name == "status") {
			g.field(append(slices.Clone(at), name), properties[name], slices.Contains(required, name), below)
		}
	}
	if path := pathOf(at); len(properties) > 0 && !g.done[path+".unknown"] {
		g.done[path+".unknown"] = true
		unknown := append(slices.Clone(at), "unknown")
		g.add("has an unknown field", at, unknown, true, "")
		g.add("has an unknown field, strictly", at, unknown, true, "&fieldValidation=Strict")
		g.add("has an unknown field, ignored", at, unknown, true, "&fieldValidation=Ignore")
	}
}

// field tries one field, and what is inside it.
func (g *fieldCases) field(at []step, schema apiextensionsv1.JSONSchemaProps, required bool, value any) {
	if path := pathOf(at); !g.done[path] {
		g.done[path] = true
		g.add("is null", at, at, nil, "")
		if required {
			g.add("is missing", at, at, missing{}, "")
		}
		for _, wrong := range wrongValues(schema) {
			g.add("is "+toJSON(wrong), at, at, wrong, "")
		}
	}
	switch value := value.(type) {
	case map[string]any:
		g.object(at, schema.Properties, schema.Required, value)
		if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
			for _, key := range slices.Sorted(maps.Keys(value))[:min(1, len(value))] {
				g.field(append(slices.Clone(at), key), *schema.AdditionalProperties.Schema, false, value[key])
			}
		}
	case []any:
		if len(value) > 0 && schema.Items != nil && schema.Items.Schema != nil {
			g.field(append(slices.Clone(at), 0), *schema.Items.Schema, false, value[0])
		}
	}
}

// missing stands for no value at all.
type missing struct{}

// wrongValues are values that a field may not have, or that are at the edge of what it may.
func wrongValues(schema apiextensionsv1.JSONSchemaProps) []any {
	wrong := map[string][]any{
		"string":  {7, ""},
		"integer": {"seven", 1.5, -1},
		"boolean": {"true", 1},
		"array":   {"seven", []any{}, map[string]any{}},
		"object":  {"seven", map[string]any{}, []any{}},
	}[schema.Type]
	if len(schema.Enum) > 0 {
		wrong = append(wrong, "Nonsense")
	}
	switch schema.Format {
	case "date-time":
		wrong = append(wrong, "yesterday", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+02:00")
	case "byte":
		wrong = append(wrong, "no base64!")
	case "int64":
		wrong = append(wrong, int64(1)<<53+1)
	}
	return wrong
}

// add adds a case that creates a full object with a value at a path.
func (g *fieldCases) add(what string, about, at []step, value any, query string) {
	object := set(clone(g.full), at, value).(map[string]any)
	name := pathOf(about)
	if name == "" {
		name = "object"
	}
	g.scripts = append(g.scripts, &script{
		name:      fieldsTheme + name + " " + what,
		namespace: "fields",
		kinds:     []string{g.kind.plural()},
		requests: []request{{
			method: "POST", path: "{objects}?dryRun=All" + query,
			header: map[string]string{"Content-Type": "application/json"},
			body:   toJSON(g.kind.object(object)),
		}},
	})
}

// set returns a value with another one at a path inside it.
func set(value any, at []step, to any) any {
	if len(at) == 0 {
		return to
	}
	switch value := value.(type) {
	case map[string]any:
		key := at[0].(string)
		if _, remove := to.(missing); remove && len(at) == 1 {
			delete(value, key)
			return value
		}
		value[key] = set(value[key], at[1:], to)
		return value
	case []any:
		i := at[0].(int)
		value[i] = set(value[i], at[1:], to)
		return value
	}
	return value
}

// untried returns the fields of a schema of which there are no cases.
func (g *fieldCases) untried(path string, schema apiextensionsv1.JSONSchemaProps) []string {
	if !g.done[path] {
		return []string{path}
	}
	var found []string
	for name, property := range schema.Properties {
		found = append(found, g.untried(path+"."+name, property)...)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		found = append(found, g.untried(path+"[0]", *schema.Items.Schema)...)
	}
	slices.Sort(found)
	return found
}
