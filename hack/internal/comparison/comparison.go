// Package comparison is what programs that compare servers share: where servers listen, and how results are summed up and printed.
package comparison

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// FreeAddress returns an address on loopback that nothing listens on.
func FreeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// Median of values, of which there is one at least.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}

// PrintHeader begins a table in Markdown, whose columns but the first are numbers.
func PrintHeader(w io.Writer, cells []string) {
	PrintLine(w, cells)
	fmt.Fprintln(w, "|---"+strings.Repeat("|---:", len(cells)-1)+"|")
}

// PrintLine prints a line of a table in Markdown.
func PrintLine(w io.Writer, cells []string) { fmt.Fprintln(w, "| "+strings.Join(cells, " | ")+" |") }
