package main

import (
	"context"
	"fmt"
	"time"
)

// row is an operation that is measured.
type row struct {
	name string
	// do does it, in a round, and returns how often.
	do func(ctx context.Context, t *target, o options, round int) (times int, err error)
}

// getRow is the only one that a server can answer which answers a constant.
const getRow = "get"

// rows are in the order in which a round does them: the first makes what the others work on, the last takes it away.
func rows(o options) []row {
	return []row{
		{"create", onEach(func(ctx context.Context, t *target, name string, n, round int) error {
			return t.create(ctx, t.kind.manifest(t.namespace, name, n, round))
		})},
		{getRow, onEach(func(ctx context.Context, t *target, name string, _, _ int) error { return t.get(ctx, name) })},
		{"merge patch", onEach(patch)},
		{"server-side apply", onEach(func(ctx context.Context, t *target, name string, n, round int) error {
			return t.apply(ctx, name, t.kind.manifest(t.namespace, name, n, round+1)) // as the next round makes it
		})},
		{fmt.Sprintf("patch while %d watch", o.watches), whileWatched},
		{fmt.Sprintf("list of %d", o.objects), lists("")},
		{"list, resourceVersion=0", lists("resourceVersion=0")},
		{fmt.Sprintf("list, limit=%d", pageLimit), func(ctx context.Context, t *target, o options, _ int) (int, error) {
			return o.lists, each(ctx, o.clients, o.lists, func(ctx context.Context, _ int) error {
				_, err := t.page(ctx, pageLimit)
				return err
			})
		}},
		{fmt.Sprintf("list by label, %d of %d", o.objects/labelGroups, o.objects), lists("labelSelector=group%3Dgroup-1")},
		{"delete", onEach(func(ctx context.Context, t *target, name string, _, _ int) error { return t.delete(ctx, name) })},
	}
}

// selectRows returns the rows that are selected, and those that they cannot do without.
func selectRows(o options) []row {
	all := rows(o)
	last := len(all) - 1
	var selected []row
	for i, r := range all {
		if i == 0 || i == last || o.rows.MatchString(r.name) {
			selected = append(selected, r)
		}
	}
	return selected
}

// pageLimit is that of lists in pages.
const pageLimit = 500

// onEach does something with each object.
func onEach(do func(ctx context.Context, t *target, name string, n, round int) error) func(context.Context, *target, options, int) (int, error) {
	return func(ctx context.Context, t *target, o options, round int) (int, error) {
		return o.objects, each(ctx, o.clients, o.objects, func(ctx context.Context, n int) error {
			return do(ctx, t, nameOf(n), n, round)
		})
	}
}

func nameOf(n int) string { return fmt.Sprintf("object-%06d", n) }

func lists(query string) func(context.Context, *target, options, int) (int, error) {
	return func(ctx context.Context, t *target, o options, _ int) (int, error) {
		return o.lists, each(ctx, o.clients, o.lists, func(ctx context.Context, _ int) error { return t.list(ctx, query) })
	}
}

// patch changes an object, whatever was done to it before.
func patch(ctx context.Context, t *target, name string, _, _ int) error {
	return t.patch(ctx, name, fmt.Appendf(nil, `{"metadata":{"annotations":{"changed":"%d"}}}`, time.Now().UnixNano()))
}

// whileWatched patches while others watch, and is done when all of these have seen all changes.
func whileWatched(ctx context.Context, t *target, o options, round int) (int, error) {
	w, err := t.watch(ctx, o.watches)
	if err != nil {
		return 0, err
	}
	defer w.end()
	times, err := onEach(patch)(ctx, t, o, round)
	if err != nil {
		return times, err
	}
	return times, w.await(int64(times * o.watches))
}
