package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/velero-locations/velero-locations/hack/internal/comparison"
)

const memoryRow = "resident memory at the end"

// goal is a ratio that the simulator should reach on some rows.
type goal struct {
	server, peer string
	rows         []string
	least        float64
}

var goals = []goal{
	{memoryServer, gofakes3Name, nil, 0.9},
	{memoryServer, gofakes3Name, []string{"list 100000 keys, 200 prefixes"}, 10},
	{diskServer, "minio", []string{"PUT 1 KiB, 1 client", "PUT 1 KiB, 32 clients", "list 10000 keys, flat"}, 2},
}

// print writes the report in Markdown: ratios, then the values that they come from, then the goals that are missed.
func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %d rounds with windows of %s, %d CPUs, %s/%s\n\n",
		time.Now().Format(time.DateOnly), r.options.rounds, r.options.window, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	r.printRatios(w)
	r.printValues(w)
	r.printGoals(w)
}

// pairs are the comparisons that make sense: in memory with in memory, on disk with on disk.
func (r *results) pairs() [][2]string {
	all := [][2]string{{memoryServer, gofakes3Name}, {memoryServer, memoryServer + beforeSuffix}, {diskServer, diskServer + beforeSuffix}}
	for _, p := range r.options.peers {
		all = append(all, [2]string{diskServer, p})
	}
	return slices.DeleteFunc(all, func(pair [2]string) bool {
		return !slices.Contains(r.servers, pair[0]) || !slices.Contains(r.servers, pair[1])
	})
}

func (r *results) printRatios(w io.Writer) {
	header := []string{"times as fast as"}
	for _, pair := range r.pairs() {
		header = append(header, pair[0]+" / "+pair[1])
	}
	comparison.PrintHeader(w, header)
	for _, name := range r.rows {
		line := []string{name}
		for _, pair := range r.pairs() {
			ratios := r.ratios(name, pair[0], pair[1])
			line = append(line, fmt.Sprintf("%.2f (%.2f to %.2f)", comparison.Median(ratios), slices.Min(ratios), slices.Max(ratios)))
		}
		comparison.PrintLine(w, line)
	}
	line := []string{memoryRow + ", times as much"}
	for _, pair := range r.pairs() {
		line = append(line, fmt.Sprintf("%.2f", float64(r.resident[pair[0]])/float64(r.resident[pair[1]])))
	}
	comparison.PrintLine(w, line)
}

func (r *results) printValues(w io.Writer) {
	fmt.Fprintln(w)
	comparison.PrintHeader(w, append([]string{"operations per second"}, r.servers...))
	for _, name := range r.rows {
		line := []string{name}
		for _, s := range r.servers {
			line = append(line, fmt.Sprintf("%.4g", comparison.Median(r.values[name][s])))
		}
		comparison.PrintLine(w, line)
	}
	line := []string{memoryRow + ", MiB"}
	for _, s := range r.servers {
		line = append(line, strconv.FormatInt(r.resident[s]>>20, 10))
	}
	comparison.PrintLine(w, line)
}

func (r *results) printGoals(w io.Writer) {
	fmt.Fprintln(w)
	for _, g := range goals {
		rows := g.rows
		if rows == nil {
			rows = r.rows
		}
		for _, name := range rows {
			ratios := r.ratios(name, g.server, g.peer)
			if len(ratios) == 0 {
				continue
			}
			verdict := "reached"
			if comparison.Median(ratios) < g.least {
				verdict = "MISSED"
			}
			fmt.Fprintf(w, "- %s: %s, %.2f of %s, goal %g: %s\n", name, g.server, comparison.Median(ratios), g.peer, g.least, verdict)
		}
	}
}

// ratios compares two servers round by round, because what disturbs a round disturbs both.
func (r *results) ratios(row, server, peer string) []float64 {
	var out []float64
	values, others := r.values[row][server], r.values[row][peer]
	for i := range min(len(values), len(others)) {
		out = append(out, values[i]/others[i])
	}
	return out
}
