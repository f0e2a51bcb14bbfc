package differential

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

var update = flag.Bool("update", false, "write what was compared into docs/compatibility.md")

// Marks of what the test writes in docs/compatibility.md.
const (
	begin = "<!-- begin: written by the differential test -->\n"
	end   = "<!-- end -->\n"
)

// checkDocument compares docs/compatibility.md with what was compared, or writes it.
func checkDocument(t *testing.T, kinds []*kind, counts map[string]*count, purposes []*purpose) {
	t.Helper()
	path := filepath.Join(cluster.Repository(t), "docs", "compatibility.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has no place for what was compared: want %q and %q", path, begin, end)
	}
	want := before + begin + describe(kinds, counts, purposes) + end + after
	if want == string(data) {
		return
	}
	if !*update {
		t.Errorf("docs/compatibility.md does not say what was compared: run `go test -C e2e ./differential -update`")
		return
	}
	if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

// describe returns the tables of the kinds, and of what differs.
func describe(kinds []*kind, counts map[string]*count, purposes []*purpose) string {
	common := explained(kinds[0], purposes)
	for _, k := range kinds {
		common = common.Intersection(explained(k, purposes))
	}
	var b strings.Builder
	total := count{}
	fmt.Fprintf(&b, "| kind | version | requests | of them for its fields | differs |\n|---|---|---|---|---|\n")
	for _, k := range kinds {
		c := counts[k.plural()]
		total.sent += c.sent
		total.fields += c.fields
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s |\n", k.name(), k.version(), c.sent, c.fields, numbers(explained(k, purposes).Difference(common)))
	}
	fmt.Fprintf(&b, "| all | | %d | %d | %s |\n\n", total.sent, total.fields, numbers(common))
	for i, p := range purposes {
		fmt.Fprintf(&b, "%d. **%s.** %s\n", i+1, p.Title, strings.TrimSpace(p.Why))
	}
	return b.String()
}

// explained are the numbers of the purposes that explain differences of a kind.
func explained(k *kind, purposes []*purpose) sets.Set[int] {
	found := sets.New[int]()
	for i, p := range purposes {
		if slices.ContainsFunc(p.Differences, func(pattern *pattern) bool { return pattern.matched[k.plural()] > 0 }) {
			found.Insert(i + 1)
		}
	}
	return found
}

func numbers(set sets.Set[int]) string {
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(sets.List(set))), ", "), "[]")
}
