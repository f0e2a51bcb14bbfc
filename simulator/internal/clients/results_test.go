//go:build clients

package clients

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
)

// results is what came of all steps, for the table at the end.
var results = &table{versions: map[string]string{}, rows: map[string][]row{}}

type table struct {
	mu       sync.Mutex
	versions map[string]string
	rows     map[string][]row
}

type row struct {
	step string
	err  error
}

func (t *table) version(client, version string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.versions[client] = version
}

func (t *table) add(client, step string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[client] = append(t.rows[client], row{step, err})
}

func (t *table) print(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range clients {
		passed := 0
		for _, r := range t.rows[c.program] {
			result := "ok"
			if r.err == nil {
				passed++
			} else {
				result = firstLine(r.err.Error(), 160)
			}
			fmt.Fprintf(out, "%s\t%s\t%s\n", c.program, r.step, result)
		}
		if n := len(t.rows[c.program]); n > 0 {
			fmt.Fprintf(out, "%s\t%d of %d\t%s\n", c.program, passed, n, t.versions[c.program])
		}
	}
	out.Flush()
}

func firstLine(text string, width int) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > width {
		text = text[:width] + "..."
	}
	return text
}
