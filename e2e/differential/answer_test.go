package differential

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// answer is what clients read of a response, with all that differs between any two servers replaced by names.
type answer struct {
	// outcome is the status code, and of errors the reason and the causes: "422 Invalid FieldValueRequired(spec.provider)".
	outcome string
	header  map[string]string
	body    any
}

// done says whether the server did what it was asked.
func (a *answer) done() bool { return strings.HasPrefix(a.outcome, "2") }

// headers are those that clients read.
var headers = []string{"Content-Type", "Warning", "Retry-After", "Allow", "Location"}

func newAnswer(response *http.Response, content any, seen *names) *answer {
	a := &answer{header: map[string]string{}, body: seen.normalize(content)}
	for _, name := range headers {
		if values := response.Header.Values(name); len(values) > 0 {
			a.header[name] = seen.text(strings.Join(values, "\n"))
		}
	}
	a.outcome = outcome(response.StatusCode, a.body)
	return a
}

// outcome says how a request ended. Causes have their own words for what is wrong; where and of which type they are is
// what clients go by.
func outcome(code int, body any) string {
	status, ok := body.(map[string]any)
	if !ok || status["kind"] != "Status" || code < 400 {
		return strconv.Itoa(code)
	}
	words := []string{strconv.Itoa(code), fmt.Sprint(status["reason"])}
	details, _ := status["details"].(map[string]any)
	causes, _ := details["causes"].([]any)
	var fields []string
	for _, cause := range causes {
		if cause, ok := cause.(map[string]any); ok {
			fields = append(fields, fmt.Sprintf("%v(%s)", cause["reason"], orAbsent(fmt.Sprint(cause["field"]))))
		}
	}
	slices.Sort(fields)
	if len(fields) > 0 {
		// Their texts, and that of the whole, say the same in words.
		delete(details, "causes")
		delete(status, "message")
	}
	return strings.Join(append(words, slices.Compact(fields)...), " ")
}

// decode reads JSON or YAML. What is neither, or has no fields, stays text.
func decode(data []byte) any {
	var content any
	if json.Unmarshal(data, &content) == nil {
		return content
	}
	var object map[string]any
	if yaml.Unmarshal(data, &object) == nil && object["kind"] != nil {
		return object
	}
	if bytes.HasPrefix(data, []byte(protobufMagic)) {
		return "<protocol buffers>"
	}
	return string(data)
}

// protobufMagic is how objects in Kubernetes' form of Protocol Buffers begin.
const protobufMagic = "k8s\x00"

// names gives what servers make up - uids, versions, generated names - names in the order in which they are first seen, so
// that two runs can be compared in what is the same and what changes.
type names struct {
	uids, versions map[string]string
	// prefixes of the names that the server was asked to generate.
	prefixes []string
}

func newNames() *names {
	return &names{uids: map[string]string{}, versions: map[string]string{}}
}

// asked notes down what a request wants to have made up.
func (n *names) asked(body string) {
	var object struct {
		Metadata struct {
			GenerateName string `json:"generateName"`
		} `json:"metadata"`
	}
	// What cannot be read asks for nothing.
	if json.Unmarshal([]byte(body), &object) == nil && object.Metadata.GenerateName != "" {
		n.prefixes = append(n.prefixes, object.Metadata.GenerateName)
	}
}

// maxGeneratedPrefix is how much of a prefix there is in a generated name.
const maxGeneratedPrefix = 63 - 5

var (
	uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	// number of a version in the text of an error.
	number = regexp.MustCompile(`\b[0-9]{3,}\b`)
	age    = regexp.MustCompile(`^[0-9]+[smhdy]([0-9]+[smhd])?$`)
)

func name(known map[string]string, value, kind string) string {
	if known[value] == "" {
		known[value] = fmt.Sprintf("<%s %d>", kind, len(known)+1)
	}
	return known[value]
}

// text replaces what is made up inside a text.
func (n *names) text(text string) string {
	for _, prefix := range n.prefixes {
		kept := prefix[:min(len(prefix), maxGeneratedPrefix)]
		generated := regexp.MustCompile(regexp.QuoteMeta(kept) + "[bcdfghjklmnpqrstvwxz2456789]{5}")
		text = generated.ReplaceAllString(text, kept+"*****")
	}
	return uuid.ReplaceAllStringFunc(text, func(uid string) string { return name(n.uids, uid, "uid") })
}

// normalize returns a copy of a body with names in it.
func (n *names) normalize(value any) any {
	switch value := value.(type) {
	case map[string]any:
		return n.object(value)
	case []any:
		copied := make([]any, 0, len(value))
		for _, item := range value {
			copied = append(copied, n.normalize(item))
		}
		return copied
	case string:
		return n.text(value)
	}
	return value
}

func (n *names) object(object map[string]any) map[string]any {
	copied := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		value := object[key]
		if key == "metadata" && isList(object) {
			copied[key] = listMeta(value)
			continue
		}
		copied[n.text(key)] = n.value(key, value)
	}
	switch object["kind"] {
	case "Table":
		hideAges(copied)
	case "APIResourceList":
		sortResources(copied)
	}
	return copied
}

func (n *names) value(key string, value any) any {
	if entries, ok := value.([]any); ok && key == "managedFields" {
		return n.managed(entries)
	}
	text, ok := value.(string)
	if !ok {
		return n.normalize(value)
	}
	switch key {
	case "resourceVersion":
		return name(n.versions, text, "version")
	case "creationTimestamp", "deletionTimestamp", "time":
		return "<time>"
	case "message":
		return number.ReplaceAllString(n.text(text), "<number>")
	}
	return n.text(text)
}

// managed returns managed fields by who manages them, since they are in no order that says anything.
func (n *names) managed(entries []any) any {
	byManager := map[string]any{}
	for _, entry := range entries {
		manager := fmt.Sprintf("%v %v", field(entry, "manager"), field(entry, "operation"))
		for byManager[manager] != nil {
			manager += " again"
		}
		byManager[manager] = n.normalize(entry)
	}
	return byManager
}

// isList says whether an object's version is that of the whole store, which other requests change.
func isList(object map[string]any) bool {
	_, items := object["items"]
	metadata, _ := object["metadata"].(map[string]any)
	_, named := metadata["name"]
	kind, _ := object["kind"].(string)
	return items || kind == "Table" || kind != "" && !named && metadata["creationTimestamp"] == nil
}

func listMeta(value any) any {
	metadata, ok := value.(map[string]any)
	if !ok {
		return value
	}
	copied := maps.Clone(metadata)
	for _, key := range []string{"resourceVersion", "continue"} {
		if text, ok := copied[key].(string); ok && text != "" {
			copied[key] = "<" + key + ">"
		}
	}
	return copied
}

// hideAges replaces cells that say how long ago something was.
func hideAges(table map[string]any) {
	rows, _ := table["rows"].([]any)
	for _, row := range rows {
		row, _ := row.(map[string]any)
		cells, _ := row["cells"].([]any)
		for i, cell := range cells {
			if text, ok := cell.(string); ok && age.MatchString(text) {
				cells[i] = "<age>"
			}
		}
	}
}

// sortResources sorts what discovery lists in an order of its own.
func sortResources(list map[string]any) {
	resources, _ := list["resources"].([]any)
	slices.SortFunc(resources, func(a, b any) int { return strings.Compare(toJSON(field(a, "name")), toJSON(field(b, "name"))) })
	for _, resource := range resources {
		verbs, _ := field(resource, "verbs").([]any)
		slices.SortFunc(verbs, func(a, b any) int { return strings.Compare(toJSON(a), toJSON(b)) })
	}
}

func field(object any, name string) any {
	fields, _ := object.(map[string]any)
	return fields[name]
}

func toJSON(value any) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}
