package differential

import (
	"flag"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/simulator-gofakes3.md")

const (
	document = "../../../docs/simulator-gofakes3.md"

	begin = "<!-- begin: written by the differential test -->\n"
	end   = "<!-- end -->\n"
)

// checkDocument compares docs/simulator-gofakes3.md with what was compared, or writes it.
func checkDocument(t *testing.T, counts []*count, purposes []*purpose) {
	t.Helper()
	data, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has no place for what was compared: want %q and %q", document, begin, end)
	}
	want := before + begin + describe(counts, purposes) + end + after
	if want == string(data) {
		return
	}
	if !*update {
		t.Errorf("docs/simulator-gofakes3.md does not say what was compared: run `go test ./simulator/s3/differential -update`")
		return
	}
	if err := os.WriteFile(document, []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

// count is how many requests of a theme were sent, and how many of them were answered alike.
type count struct {
	theme       string
	sent, alike int
}

func newCounts(corpus []*script, sent []int, differences []difference) []*count {
	different := map[string]map[string]bool{} // names by theme
	for _, d := range differences {
		if different[d.theme] == nil {
			different[d.theme] = map[string]bool{}
		}
		if !d.everywhere {
			different[d.theme][d.name] = true
		}
	}
	var counts []*count
	for i, s := range corpus {
		if len(counts) == 0 || counts[len(counts)-1].theme != s.theme {
			counts = append(counts, &count{theme: s.theme, alike: -len(different[s.theme])})
		}
		counts[len(counts)-1].sent += sent[i]
		counts[len(counts)-1].alike += sent[i]
	}
	return counts
}

// describe returns the table of the themes, and what differs.
func describe(counts []*count, purposes []*purpose) string {
	var b strings.Builder
	b.WriteString("| requests about | sent | answered alike | differs |\n|---|---|---|---|\n")
	total := count{}
	for _, c := range counts {
		total.sent += c.sent
		total.alike += c.alike
		fmt.Fprintf(&b, "| [%s](../simulator/s3/differential/corpus/%s.http) | %d | %d | %s |\n",
			strings.ReplaceAll(c.theme, "-", " "), c.theme, c.sent, c.alike, numbers(c.theme, purposes))
	}
	fmt.Fprintf(&b, "| all | %d | %d | |\n\n", total.sent, total.alike)
	for i, p := range purposes {
		everywhere := ""
		if p.Everywhere {
			everywhere = " (everywhere)"
		}
		fmt.Fprintf(&b, "%d. **%s**%s. %s S3: %s.\n", i+1, p.Title, everywhere, strings.TrimSpace(p.Why), pages(p.S3))
	}
	return b.String()
}

// numbers are those of the purposes that explain differences of a theme, and are not everywhere.
func numbers(theme string, purposes []*purpose) string {
	var found []string
	for i, p := range purposes {
		for _, pattern := range p.Differences {
			if pattern.matched[theme] && !p.Everywhere {
				found = append(found, strconv.Itoa(i+1))
				break
			}
		}
	}
	return strings.Join(found, ", ")
}

// pages are links to S3's documentation, by the names of the pages.
func pages(urls []string) string {
	links := make([]string, 0, len(urls))
	for _, url := range urls {
		name, _, _ := strings.Cut(path.Base(url), ".html")
		links = append(links, fmt.Sprintf("[%s](%s)", strings.TrimPrefix(name, "API_"), url))
	}
	return strings.Join(links, ", ")
}
