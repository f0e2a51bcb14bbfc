package differential

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// difference is one place in which two answers differ.
type difference struct {
	// kind is a plural, name THEME: CASE and the number of the request.
	kind, name string
	// at is "outcome", the name of a header, or the path of a field of the body.
	at string
	// crd and ours are what stands there, as JSON, or "absent".
	crd, ours string
}

func (d difference) String() string {
	return fmt.Sprintf("%s, %s: %s: %s -> %s", d.kind, d.name, d.at, d.crd, d.ours)
}

const absent = "absent"

// compare returns in what two answers differ. When one is an error and the other is none, or another one, that is all there
// is to say.
func compare(crd, ours *answer) []difference {
	if crd.outcome != ours.outcome {
		return []difference{{at: "outcome", crd: crd.outcome, ours: ours.outcome}}
	}
	var found []difference
	for _, name := range headers {
		if crd.header[name] != ours.header[name] {
			found = append(found, difference{at: name, crd: orAbsent(crd.header[name]), ours: orAbsent(ours.header[name])})
		}
	}
	return append(found, compareValues("body", crd.body, ours.body)...)
}

func orAbsent(value string) string {
	if value == "" {
		return absent
	}
	return value
}

func compareValues(path string, crd, ours any) []difference {
	if reflect.DeepEqual(crd, ours) {
		return nil
	}
	crdObject, crdOK := crd.(map[string]any)
	oursObject, oursOK := ours.(map[string]any)
	if crdOK && oursOK {
		return compareObjects(path, crdObject, oursObject)
	}
	crdList, crdOK := crd.([]any)
	oursList, oursOK := ours.([]any)
	if crdOK && oursOK {
		return compareLists(path, crdList, oursList)
	}
	return []difference{{at: path, crd: toJSON(crd), ours: toJSON(ours)}}
}

func compareObjects(path string, crd, ours map[string]any) []difference {
	var found []difference
	keys := maps.Clone(crd)
	maps.Copy(keys, ours)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		crdValue, inCRD := crd[key]
		oursValue, inOurs := ours[key]
		at := path + "." + key
		switch {
		case !inOurs:
			found = append(found, difference{at: at, crd: toJSON(crdValue), ours: absent})
		case !inCRD:
			found = append(found, difference{at: at, crd: absent, ours: toJSON(oursValue)})
		default:
			found = append(found, compareValues(at, crdValue, oursValue)...)
		}
	}
	return found
}

func compareLists(path string, crd, ours []any) []difference {
	var found []difference
	for i := range max(len(crd), len(ours)) {
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case i >= len(ours):
			found = append(found, difference{at: at, crd: toJSON(crd[i]), ours: absent})
		case i >= len(crd):
			found = append(found, difference{at: at, crd: absent, ours: toJSON(ours[i])})
		default:
			found = append(found, compareValues(at, crd[i], ours[i])...)
		}
	}
	return found
}

// purpose is a reason for differences, with the patterns of those that it explains.
type purpose struct {
	// Title and Why are for docs/compatibility.md.
	Title string `json:"title"`
	Why   string `json:"why"`
	// Differences are patterns; * stands for any text, and " | " for or. Kinds are plurals.
	Differences []*pattern `json:"differences"`
}

// pattern of differences. What is not given stands for anything.
type pattern struct {
	Kinds string `json:"kinds"`
	Case  string `json:"case"`
	At    string `json:"at"`
	CRD   string `json:"crd"`
	Ours  string `json:"ours"`

	compiled *regexp.Regexp
	matched  map[string]int // by kind
}

func (p *pattern) String() string {
	return fmt.Sprintf("kinds: %q, case: %q, at: %q, crd: %q, ours: %q", p.Kinds, p.Case, p.At, p.CRD, p.Ours)
}

const separator = "\x00"

func (p *pattern) compile() {
	var parts []string
	for _, glob := range []string{p.Kinds, p.Case, p.At, p.CRD, p.Ours} {
		if glob == "" {
			glob = "*"
		}
		var alternatives []string
		for choice := range strings.SplitSeq(glob, " | ") {
			alternatives = append(alternatives, strings.ReplaceAll(regexp.QuoteMeta(choice), `\*`, "[^"+separator+"]*"))
		}
		parts = append(parts, "("+strings.Join(alternatives, "|")+")")
	}
	p.compiled = regexp.MustCompile(`(?s)^` + strings.Join(parts, separator) + `$`)
	p.matched = map[string]int{}
}

func (p *pattern) matches(d difference) bool {
	return p.compiled.MatchString(strings.Join([]string{d.kind, d.name, d.at, d.crd, d.ours}, separator))
}

// isFor says whether a kind may have differences of the pattern.
func (p *pattern) isFor(kind string) bool {
	return p.Kinds == "" || slices.Contains(strings.Split(p.Kinds, " | "), kind)
}

func loadPurposes(t *testing.T) []*purpose {
	t.Helper()
	data, err := os.ReadFile("differences.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var purposes []*purpose
	if err := yaml.UnmarshalStrict(data, &purposes); err != nil {
		t.Fatalf("differences.yaml: %v", err)
	}
	for _, p := range purposes {
		if p.Title == "" || p.Why == "" {
			t.Errorf("differences.yaml: %q has no title or no reason", p.Title)
		}
		for _, pattern := range p.Differences {
			pattern.compile()
		}
	}
	return purposes
}

// explain returns the differences that no purpose has, and the patterns that no difference of the kinds has that they are for.
func explain(purposes []*purpose, kinds []string, differences []difference) (unexplained []difference, stale []*pattern) {
	for _, d := range differences {
		explained := false
		for _, p := range purposes {
			for _, pattern := range p.Differences {
				if pattern.matches(d) {
					pattern.matched[d.kind]++
					explained = true
				}
			}
		}
		if !explained {
			unexplained = append(unexplained, d)
		}
	}
	for _, p := range purposes {
		for _, pattern := range p.Differences {
			if len(pattern.matched) == 0 && slices.ContainsFunc(kinds, pattern.isFor) {
				stale = append(stale, pattern)
			}
		}
	}
	return unexplained, stale
}
