package differential

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// difference is one place in which two answers differ.
type difference struct {
	theme string
	// name is THEME: CASE and the number of the request.
	name string
	// at is "outcome", or the name of a field.
	at string
	// gofakes3 and ours are what stands there, "" for what is empty, or "absent".
	gofakes3, ours string
	// everywhere says that it does not count.
	everywhere bool
}

func (d difference) String() string {
	return fmt.Sprintf("%s: %s: %s -> %s", d.name, d.at, d.gofakes3, d.ours)
}

// compare returns in what two answers differ. When one is an error and the other is none, or another one, that is all
// there is to say.
func compare(gofakes3, ours *answer) []difference {
	if gofakes3.outcome != ours.outcome {
		return []difference{{at: "outcome", gofakes3: gofakes3.outcome, ours: ours.outcome}}
	}
	var found []difference
	all := maps.Clone(gofakes3.fields)
	maps.Copy(all, ours.fields)
	for _, at := range slices.Sorted(maps.Keys(all)) {
		if left, right := shown(gofakes3, at), shown(ours, at); left != right {
			found = append(found, difference{at: at, gofakes3: left, ours: right})
		}
	}
	return found
}

func shown(a *answer, at string) string {
	value, found := a.fields[at]
	if !found {
		return "absent"
	}
	return cmp.Or(value, `""`)
}

// purpose is a reason for differences, with the patterns of those that it explains.
type purpose struct {
	// Title and Why are for docs/simulator-gofakes3.md.
	Title string `json:"title"`
	Why   string `json:"why"`
	// S3 are the pages that say what S3 does.
	S3 []string `json:"s3"`
	// Everywhere says that so many answers differ in this that those which differ in nothing else count as alike.
	Everywhere bool `json:"everywhere"`
	// Differences are patterns; * stands for any text, and " | " for or.
	Differences []*pattern `json:"differences"`
}

// pattern of differences. What is not given stands for anything.
type pattern struct {
	Case     string `json:"case"`
	At       string `json:"at"`
	Gofakes3 string `json:"gofakes3"`
	Ours     string `json:"ours"`

	compiled *regexp.Regexp
	matched  map[string]bool // themes
}

func (p *pattern) String() string {
	return fmt.Sprintf("case: %q, at: %q, gofakes3: %q, ours: %q", p.Case, p.At, p.Gofakes3, p.Ours)
}

const separator = "\x00"

func (p *pattern) compile() {
	var parts []string
	for _, glob := range []string{p.Case, p.At, p.Gofakes3, p.Ours} {
		var alternatives []string
		for choice := range strings.SplitSeq(cmp.Or(glob, "*"), " | ") {
			alternatives = append(alternatives, strings.ReplaceAll(regexp.QuoteMeta(choice), `\*`, "[^"+separator+"]*"))
		}
		parts = append(parts, "("+strings.Join(alternatives, "|")+")")
	}
	p.compiled = regexp.MustCompile(`(?s)^` + strings.Join(parts, separator) + `$`)
	p.matched = map[string]bool{}
}

func (p *pattern) matches(d difference) bool {
	return p.compiled.MatchString(strings.Join([]string{d.name, d.at, d.gofakes3, d.ours}, separator))
}

const documentation = "https://docs.aws.amazon.com/AmazonS3/latest/"

func loadPurposes(t *testing.T) []*purpose {
	t.Helper()
	data, err := os.ReadFile("differences.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var purposes []*purpose
	if err := yaml.UnmarshalWithOptions(data, &purposes, yaml.Strict()); err != nil {
		t.Fatalf("differences.yaml: %v", err)
	}
	for _, p := range purposes {
		elsewhere := func(page string) bool { return !strings.HasPrefix(page, documentation) }
		if p.Title == "" || p.Why == "" || len(p.S3) == 0 || slices.ContainsFunc(p.S3, elsewhere) {
			t.Errorf("differences.yaml: %q has no title, no reason, or no page of S3's documentation", p.Title)
		}
		for _, pattern := range p.Differences {
			pattern.compile()
		}
	}
	return purposes
}

// explain returns the differences that no purpose has, and the patterns that no difference has. It notes in the others whether
// they are everywhere.
func explain(purposes []*purpose, differences []difference) (unexplained []difference, stale []*pattern) {
	for i := range differences {
		d := &differences[i]
		explained := false
		for _, p := range purposes {
			for _, pattern := range p.Differences {
				if pattern.matches(*d) {
					pattern.matched[d.theme] = true
					explained = true
					d.everywhere = d.everywhere || p.Everywhere
				}
			}
		}
		if !explained {
			unexplained = append(unexplained, *d)
		}
	}
	for _, p := range purposes {
		for _, pattern := range p.Differences {
			if len(pattern.matched) == 0 {
				stale = append(stale, pattern)
			}
		}
	}
	return unexplained, stale
}
