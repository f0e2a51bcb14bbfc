package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// house says which rooms each room imports.
type house map[string]map[string]bool

// newHouse takes packages that room names no room for as outside.
func newHouse(imports map[string][]string, room func(string) string) house {
	h := house{}
	for folder, imported := range imports {
		from := room(folder)
		if from == "" {
			continue
		}
		if h[from] == nil {
			h[from] = map[string]bool{}
		}
		for _, other := range imported {
			if to := room(other); to != "" && to != from {
				h[from][to] = true
			}
		}
	}
	return h
}

// floors of a house: each room stands on rooms of lower floors only, the lowest on none.
type floors struct {
	house
	rooms [][]string
}

func (h house) floors() (floors, error) {
	out := floors{house: h}
	placed := map[string]bool{}
	for len(placed) < len(h) {
		var floor []string
		for room, below := range h {
			if !placed[room] && !slices.ContainsFunc(slices.Collect(maps.Keys(below)), func(b string) bool { return !placed[b] }) {
				floor = append(floor, room)
			}
		}
		if len(floor) == 0 {
			return out, fmt.Errorf("rooms import each other: %s", strings.Join(h.unplaced(placed), ", "))
		}
		slices.Sort(floor)
		for _, room := range floor {
			placed[room] = true
		}
		out.rooms = append(out.rooms, floor)
	}
	return out, nil
}

func (h house) unplaced(placed map[string]bool) []string {
	var left []string
	for room := range h {
		if !placed[room] {
			left = append(left, room)
		}
	}
	slices.Sort(left)
	return left
}

// reaches says whether one room imports another by way of others.
func (h house) reaches(from, to string) bool {
	for between := range h[from] {
		if between != to && (h[between][to] || h.reaches(between, to)) {
			return true
		}
	}
	return false
}

// markdown is the floors from the top, and a drawing with an arrow from each room to those that it stands on. What a room
// imports that another one below it imports as well has no arrow of its own.
func (f floors) markdown() string {
	var b strings.Builder
	b.WriteString("| floor | rooms |\n|---|---|\n")
	for i, floor := range slices.Backward(f.rooms) {
		fmt.Fprintf(&b, "| %d | `%s` |\n", i+1, strings.Join(floor, "`, `"))
	}
	b.WriteString("\n```mermaid\nflowchart TD\n")
	for _, floor := range slices.Backward(f.rooms) {
		for _, room := range floor {
			fmt.Fprintf(&b, "    %s[\"%s\"]\n", identifier(room), room)
			for _, below := range slices.Sorted(maps.Keys(f.house[room])) {
				if !f.reaches(room, below) {
					fmt.Fprintf(&b, "    %s --> %s\n", identifier(room), identifier(below))
				}
			}
		}
	}
	b.WriteString("```\n")
	return b.String()
}

// identifier is a room's name as Mermaid takes it.
func identifier(room string) string { return strings.NewReplacer("/", "_", "-", "_").Replace(room) }
