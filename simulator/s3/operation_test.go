package s3

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// shared is how the document names several operations that differ in their verb: Get-, Put- and DeleteBucketPolicy.
var shared = regexp.MustCompile(`\b(Get|Put)-(?:, (Put)-)? and (Put|Delete)([A-Z]\w+)`)

// TestDocument holds the document's list of operations against the operations.
func TestDocument(t *testing.T) {
	data, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "## Operations of S3\n")
	text, _, _ = strings.Cut(text, "\n## ")
	text = shared.ReplaceAllString(text, "$1$4 $2$4 $3$4")
	documented := map[string]bool{}
	for _, name := range regexp.MustCompile(`\w+`).FindAllString(text, -1) {
		documented[name] = true
	}
	for _, op := range append(operations, postObjectOperation) {
		if !documented[op.name] {
			t.Errorf("docs/simulator.md does not list %s", op.name)
		}
	}
}
