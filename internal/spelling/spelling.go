// Package spelling finds what a misspelt name was meant to be.
package spelling

import "strings"

// Nearest returns the name that a misspelt one was most likely meant to be; empty if none is near. Of short names more than half must be
// right: oci is not gcp.
func Nearest(misspelt string, names []string) string {
	const longest = 64 // no name is longer, and comparing takes time
	if len(misspelt) > longest {
		return ""
	}
	nearest, best := "", max(2, len(misspelt)/3)+1
	for _, name := range names {
		if d := distance(strings.ToLower(misspelt), strings.ToLower(name)); d < best && 2*d < len(name) {
			nearest, best = name, d
		}
	}
	return nearest
}

// distance counts the bytes to insert, delete, replace, or swap with their neighbour to make one
// text of another (the optimal string alignment distance).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replace := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			rows[i][j] = min(replace, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
