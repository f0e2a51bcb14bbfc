package restore

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/patterns"
)

// modifierFile is what the ConfigMap of a resource modifier holds, as Velero 1.18 reads it.
type modifierFile struct {
	Version string         `json:"version"`
	Rules   []modifierRule `json:"resourceModifierRules"`
}

type modifierRule struct {
	Conditions struct {
		Namespaces        []string              `json:"namespaces,omitempty"`
		GroupResource     string                `json:"groupResource"`
		ResourceNameRegex string                `json:"resourceNameRegex,omitempty"`
		LabelSelector     *metav1.LabelSelector `json:"labelSelector,omitempty"`
		Matches           []modifierMatch       `json:"matches,omitempty"`
	} `json:"conditions"`
	Patches          []modifierPatch `json:"patches,omitempty"`
	MergePatches     []patchData     `json:"mergePatches,omitempty"`
	StrategicPatches []patchData     `json:"strategicPatches,omitempty"`
}

type modifierMatch struct {
	Path  string `json:"path,omitempty"`
	Value string `json:"value,omitempty"`
}

// modifierPatch is an operation of a JSON patch, whose value is written as text.
type modifierPatch struct {
	Operation string `json:"operation"`
	From      string `json:"from,omitempty"`
	Path      string `json:"path"`
	Value     string `json:"value,omitempty"`
}

// patchData is a patch, in YAML or JSON.
type patchData struct {
	PatchData string `json:"patchData,omitempty"`
}

// modifiers change objects before they are made.
type modifiers []modifier

// modifier is a rule that can be applied.
type modifier struct {
	namespaces patterns.Filter
	resources  *regexp.Regexp
	names      *regexp.Regexp  // nil: all
	labels     labels.Selector // nil: any
	matches    jsonpatch.Patch // only tests
	patch      func(*unstructured.Unstructured) ([]byte, error)
}

// parseModifiers reads the modifiers of a ConfigMap. An error says what in it cannot be used.
func parseModifiers(config *corev1.ConfigMap) (modifiers, error) {
	if len(config.Data) != 1 {
		return nil, fmt.Errorf("it has %d keys in its data: want one, with the rules", len(config.Data))
	}
	var file modifierFile
	for _, text := range config.Data {
		if err := yaml.UnmarshalStrict([]byte(text), &file); err != nil {
			return nil, fmt.Errorf("its rules cannot be read: %w", err)
		}
	}
	switch {
	case !strings.EqualFold(file.Version, "v1"):
		return nil, fmt.Errorf("version: %q is not supported: want v1", file.Version)
	case len(file.Rules) == 0:
		return nil, errors.New("resourceModifierRules: want at least one rule")
	}
	all := make(modifiers, 0, len(file.Rules))
	for i := range file.Rules {
		parsed, err := file.Rules[i].parse()
		if err != nil {
			return nil, fmt.Errorf("resourceModifierRules[%d].%w", i, err)
		}
		all = append(all, parsed)
	}
	return all, nil
}

func (r *modifierRule) parse() (m modifier, err error) {
	conditions := &r.Conditions
	m.namespaces.Include = conditions.Namespaces
	if conditions.GroupResource == "" {
		return m, errors.New("conditions.groupResource: name the resource, as deployments.apps")
	}
	if m.resources, err = compileGlob(conditions.GroupResource); err != nil {
		return m, fmt.Errorf("conditions.groupResource: %w", err)
	}
	if conditions.ResourceNameRegex != "" {
		if m.names, err = regexp.Compile(conditions.ResourceNameRegex); err != nil {
			return m, fmt.Errorf("conditions.resourceNameRegex: %w", err)
		}
	}
	if conditions.LabelSelector != nil {
		if m.labels, err = metav1.LabelSelectorAsSelector(conditions.LabelSelector); err != nil {
			return m, fmt.Errorf("conditions.labelSelector: %w", err)
		}
	}
	tests := make([]modifierPatch, 0, len(conditions.Matches))
	for _, match := range conditions.Matches {
		tests = append(tests, modifierPatch{Operation: "test", Path: match.Path, Value: match.Value})
	}
	if m.matches, err = jsonPatch(tests); err != nil {
		return m, fmt.Errorf("conditions.matches%w", err)
	}
	m.patch, err = r.parsePatch()
	return m, err
}

// parsePatch returns what changes an object.
func (r *modifierRule) parsePatch() (func(*unstructured.Unstructured) ([]byte, error), error) {
	given := slices.DeleteFunc([]int{len(r.Patches), len(r.MergePatches), len(r.StrategicPatches)}, func(n int) bool { return n == 0 })
	if len(given) != 1 {
		return nil, errors.New("patches: want one of patches, mergePatches and strategicPatches")
	}
	patch, err := jsonPatch(r.Patches)
	if err != nil {
		return nil, fmt.Errorf("patches%w", err)
	}
	merges, err := patchDocuments(r.MergePatches)
	if err != nil {
		return nil, fmt.Errorf("mergePatches%w", err)
	}
	strategic, err := patchDocuments(r.StrategicPatches)
	if err != nil {
		return nil, fmt.Errorf("strategicPatches%w", err)
	}
	return func(object *unstructured.Unstructured) ([]byte, error) {
		content, err := object.MarshalJSON()
		switch {
		case err != nil:
			return nil, fmt.Errorf("encoding it: %w", err)
		case patch != nil:
			return applyJSONPatch(patch, content)
		}
		for _, merge := range merges {
			if content, err = jsonpatch.MergePatch(content, merge); err != nil {
				return nil, fmt.Errorf("a merge patch: %w", err)
			}
		}
		if len(strategic) == 0 {
			return content, nil
		}
		kind := object.GroupVersionKind()
		of, err := scheme.Scheme.New(kind)
		if err != nil {
			return nil, fmt.Errorf("strategic patches are for Kubernetes' own kinds, not for %s: use mergePatches", kind)
		}
		for _, one := range strategic {
			if content, err = strategicpatch.StrategicMergePatch(content, one, of); err != nil {
				return nil, fmt.Errorf("a strategic patch: %w", err)
			}
		}
		return content, nil
	}, nil
}

// copyLimit is how much the operations of a patch may copy within an object: as much as an object can hold.
const copyLimit = bounded.Document

func applyJSONPatch(patch jsonpatch.Patch, content []byte) ([]byte, error) {
	options := jsonpatch.NewApplyOptions()
	options.AccumulatedCopySizeLimit = copyLimit
	return patch.ApplyWithOptions(content, options)
}

// operations are those of JSON patches.
var operations = []string{"add", "remove", "replace", "test", "move", "copy"}

// jsonPatch puts operations together, whose texts become JSON as Velero has it. An error begins with the number of the operation.
func jsonPatch(all []modifierPatch) (jsonpatch.Patch, error) {
	var patch jsonpatch.Patch
	for i, one := range all {
		switch {
		case !slices.Contains(operations, one.Operation):
			return nil, fmt.Errorf("[%d].operation: %q is not supported: want one of %s", i, one.Operation, strings.Join(operations, ", "))
		case one.Path == "":
			return nil, fmt.Errorf("[%d].path: say which field", i)
		}
		text := fmt.Sprintf(`[{"op": "%s", "from": "%s", "path": "%s", "value": %s}]`, one.Operation, one.From, one.Path, one.value())
		decoded, err := jsonpatch.DecodePatch([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("[%d]: it is no operation of a JSON patch: %w", i, err)
		}
		patch = append(patch, decoded...)
	}
	return patch, nil
}

// value is a text as JSON: what is null, a boolean, a number, an object or a list stays that, unless it is quoted; the rest is a string.
func (p *modifierPatch) value() string {
	quoted := len(p.Value) > 1 && strings.HasPrefix(p.Value, `"`) && strings.HasSuffix(p.Value, `"`)
	_, notNumber := strconv.ParseFloat(p.Value, 64)
	switch lower := strings.ToLower(p.Value); {
	case quoted, p.Value == "null", lower == "true", lower == "false", strings.HasPrefix(p.Value, "{"), strings.HasPrefix(p.Value, "["), notNumber == nil:
		return p.Value
	}
	return `"` + p.Value + `"`
}

// patchDocuments are patches as JSON. An error begins with the number of the patch.
func patchDocuments(all []patchData) ([][]byte, error) {
	documents := make([][]byte, 0, len(all))
	for i, one := range all {
		document, err := yaml.YAMLToJSONStrict([]byte(one.PatchData))
		if err == nil {
			err = json.Unmarshal(document, &map[string]any{})
		}
		if err != nil {
			return nil, fmt.Errorf("[%d].patchData: %w", i, err)
		}
		documents = append(documents, document)
	}
	return documents, nil
}

// compileGlob compiles a pattern of a resource: * and ? stand for what has no dot, ** for anything, [ab] and [!ab] for one
// character, {a,b} for one of several.
func compileGlob(glob string) (*regexp.Regexp, error) {
	var pattern strings.Builder
	depth, class := 0, false
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case class:
			class = c != ']'
			if c == '!' && glob[i-1] == '[' {
				c = '^'
			}
			pattern.WriteByte(c)
		case strings.HasPrefix(glob[i:], "**"):
			pattern.WriteString(".*")
			i++
		case c == '*':
			pattern.WriteString("[^.]*")
		case c == '?':
			pattern.WriteString("[^.]")
		case c == '[':
			class = true
			pattern.WriteByte(c)
		case c == '{':
			depth++
			pattern.WriteString("(?:")
		case c == '}' && depth > 0:
			depth--
			pattern.WriteByte(')')
		case c == ',' && depth > 0:
			pattern.WriteByte('|')
		default:
			pattern.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	compiled, err := regexp.Compile("^" + pattern.String() + "$")
	if err != nil {
		return nil, fmt.Errorf("%q is no pattern of a resource: %w", glob, err)
	}
	return compiled, nil
}

// apply changes an object by the rules whose conditions it meets as it is before the first of them. What cannot be done leaves it as
// it is, and is an error beside the other changes.
func (m modifiers) apply(object *unstructured.Unstructured, resource string) []error {
	var errs []error
	original := object
	if len(m) > 1 {
		original = object.DeepCopy()
	}
	for i := range m {
		matched, err := m[i].match(original, resource)
		if err == nil && matched {
			err = m[i].change(object)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("resourceModifierRules[%d]: %w", i, err))
		}
	}
	return errs
}

func (m *modifier) match(object *unstructured.Unstructured, resource string) (bool, error) {
	switch namespace := object.GetNamespace(); {
	case namespace != "" && !m.namespaces.Match(namespace), !m.resources.MatchString(resource),
		m.names != nil && !m.names.MatchString(object.GetName()), m.labels != nil && !m.labels.Matches(labels.Set(object.GetLabels())):
		return false, nil
	case len(m.matches) == 0:
		return true, nil
	}
	content, err := object.MarshalJSON()
	if err != nil {
		return false, fmt.Errorf("encoding it: %w", err)
	}
	_, err = applyJSONPatch(m.matches, content)
	if errors.Is(err, jsonpatch.ErrTestFailed) || errors.Is(err, jsonpatch.ErrMissing) {
		return false, nil
	}
	return err == nil, err
}

func (m *modifier) change(object *unstructured.Unstructured) error {
	content, err := m.patch(object)
	switch {
	case errors.Is(err, jsonpatch.ErrTestFailed): // an operation says when it is to be applied
		return nil
	case err != nil:
		return err
	}
	var changed unstructured.Unstructured
	if err := changed.UnmarshalJSON(content); err != nil {
		return fmt.Errorf("what the patch makes of it is no object: %w", err)
	}
	object.Object = changed.Object
	return nil
}
