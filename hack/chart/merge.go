package main

import (
	"errors"
	"slices"
	"strings"
)

// hunk is what takes the place of the lines from one to before another, on a condition.
type hunk struct {
	from, to int
	lines    []string
	on, off  string
}

// diff returns how lines become others, by their longest common subsequence.
func diff(before, after []string) []hunk {
	common := make([][]int, len(before)+1) // of the rests from i and j on
	for i := range common {
		common[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			if before[i] == after[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var hunks []hunk
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		if i < len(before) && j < len(after) && before[i] == after[j] {
			i, j = i+1, j+1
			continue
		}
		h := hunk{from: i}
		start := j
		for (i < len(before) || j < len(after)) && (i == len(before) || j == len(after) || before[i] != after[j]) {
			if j == len(after) || i < len(before) && common[i+1][j] >= common[i][j+1] {
				i++
			} else {
				j++
			}
		}
		h.to, h.lines = i, after[start:j]
		hunks = append(hunks, h)
	}
	return hunks
}

// merge puts hunks into lines, under their conditions.
func merge(lines []string, hunks []hunk) ([]string, error) {
	slices.SortStableFunc(hunks, func(a, b hunk) int { return a.from - b.from })
	var out []string
	at := 0
	for _, h := range hunks {
		if h.from < at {
			return nil, errors.New("two changes are made to the same lines: " + strings.Join(lines[h.from:h.to], ", "))
		}
		out = append(out, lines[at:h.from]...)
		out = append(out, h.branch(lines[h.from:h.to])...)
		at = h.to
	}
	return append(out, lines[at:]...), nil
}

// branch is the hunk with the lines that it takes the place of.
func (h hunk) branch(old []string) []string {
	first := slices.Concat(h.lines, old)[0]
	indent := first[:len(first)-len(strings.TrimLeft(first, " "))]
	when, end := indent+"{{- if "+h.on+" }}", indent+"{{- end }}"
	switch {
	case len(old) == 0:
		return slices.Concat([]string{when}, h.lines, []string{end})
	case len(h.lines) == 0:
		return slices.Concat([]string{indent + "{{- if " + h.off + " }}"}, old, []string{end})
	}
	return slices.Concat([]string{when}, h.lines, []string{indent + "{{- else }}"}, old, []string{end})
}
