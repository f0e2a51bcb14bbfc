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

// print writes the report in Markdown: for each kind, how fast it is, how much processor time it takes, and the values that both come from.
func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %d objects, %d clients, %d rounds, %d CPUs, %s/%s\n",
		time.Now().Format(time.DateOnly), r.options.objects, r.options.clients, r.options.rounds, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	rate := func(v value) float64 { return v.rate }
	cpu := func(v value) float64 { return v.cpu.Seconds() * 1000 }
	for _, kind := range r.kinds {
		fmt.Fprintf(w, "\n## %s\n\n", kind)
		r.printRatios(w, kind, "times as fast as", rate)
		r.printRatios(w, kind, "times the processor time of", cpu)
		r.printValues(w, kind, "per second", rate)
		r.printValues(w, kind, "ms of processor time", cpu)
	}
	comparison.PrintHeader(w, []string{"in all", "processor time, s", "resident, MiB", "peak, MiB"})
	for _, u := range r.usages {
		comparison.PrintLine(w, []string{u.name, fmt.Sprintf("%.1f", u.cpu.Seconds()), mebibytes(u.resident), mebibytes(u.peak)})
	}
}

// pairs are the comparisons: all with the CRDs, ours with a native kind and with that of before.
func (r *results) pairs() [][2]string {
	all := [][2]string{
		{aggregated, crds},
		{direct, crds},
		{aggregated, constant},
		{direct, native},
		{aggregated, aggregated + beforeSuffix},
		{direct, direct + beforeSuffix},
	}
	return slices.DeleteFunc(all, func(pair [2]string) bool { return !slices.Contains(r.targets, pair[1]) })
}

func (r *results) printRatios(w io.Writer, kind, title string, of func(value) float64) {
	header := []string{title}
	for _, pair := range r.pairs() {
		header = append(header, pair[0]+" / "+pair[1])
	}
	comparison.PrintHeader(w, header)
	for _, row := range r.rows {
		line := []string{row}
		for _, pair := range r.pairs() {
			line = append(line, spread(ratios(r.values[kind][row][pair[0]], r.values[kind][row][pair[1]], of)))
		}
		comparison.PrintLine(w, line)
	}
	fmt.Fprintln(w)
}

func (r *results) printValues(w io.Writer, kind, title string, of func(value) float64) {
	comparison.PrintHeader(w, append([]string{title}, r.targets...))
	for _, row := range r.rows {
		line := []string{row}
		for _, target := range r.targets {
			cell := ""
			if values := r.values[kind][row][target]; len(values) > 0 {
				numbers := make([]float64, len(values))
				for i, v := range values {
					numbers[i] = of(v)
				}
				cell = fmt.Sprintf("%.4g", comparison.Median(numbers))
			}
			line = append(line, cell)
		}
		comparison.PrintLine(w, line)
	}
	fmt.Fprintln(w)
}

// ratios compares two targets round by round, because what disturbs a round disturbs both. Of what took too little to be told there are none.
func ratios(values, others []value, of func(value) float64) []float64 {
	var all []float64
	for i := range min(len(values), len(others)) {
		if other := of(others[i]); other > 0 {
			all = append(all, of(values[i])/other)
		}
	}
	return all
}

// spread is the median of ratios, and between what they lie.
func spread(ratios []float64) string {
	if len(ratios) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", comparison.Median(ratios), slices.Min(ratios), slices.Max(ratios))
}

func mebibytes(bytes int64) string { return strconv.FormatInt(bytes>>20, 10) }
