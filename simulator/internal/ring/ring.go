// Package ring keeps the last of what happens, numbered, for those who look at it later and those who wait for more.
package ring

import (
	"context"
	"iter"
	"sync"
)

// Ring keeps a bounded number of items; the oldest go first. It is safe for concurrent use.
type Ring[T any] struct {
	mu sync.Mutex
	// items holds them; the one with sequence number n is at (n-1) % cap(items).
	items []T
	last  uint64 // sequence number of the newest item
	first uint64 // sequence number of the oldest item that counts
	// grown is closed with the next item, where somebody waits for it.
	grown chan struct{}
}

// New returns a ring that keeps so many items.
func New[T any](size int) *Ring[T] { return &Ring[T]{items: make([]T, 0, size), first: 1} }

// Add adds the item that is made with its number, from 1 on.
func (r *Ring[T]) Add(numbered func(sequence uint64) T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	item := numbered(r.last)
	if len(r.items) < cap(r.items) {
		r.items = append(r.items, item)
	} else {
		r.items[(r.last-1)%uint64(cap(r.items))] = item
		r.first = max(r.first, r.last-uint64(cap(r.items))+1)
	}
	if r.grown != nil {
		close(r.grown)
		r.grown = nil
	}
}

// Clear forgets all items. Numbers go on.
func (r *Ring[T]) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.first = r.last + 1
}

// Items returns the wanted ones of the items after a number, oldest first.
func (r *Ring[T]) Items(after uint64, wanted func(T) bool) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(after, wanted)
}

func (r *Ring[T]) find(after uint64, wanted func(T) bool) []T {
	out := []T{}
	for sequence := max(r.first, after+1); sequence <= r.last; sequence++ {
		if item := r.items[(sequence-1)%uint64(cap(r.items))]; wanted(item) {
			out = append(out, item)
		}
	}
	return out
}

// Follow yields the wanted ones of the items after a number, and then each new one as it comes, until the context is done. A
// reader that is slower than they come misses those that the ring no longer keeps. A number that no item has yet is of another ring, such
// as that of a program before it was started again: everything is after it.
func (r *Ring[T]) Follow(ctx context.Context, after uint64, wanted func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			items, last, grown := r.next(after, wanted)
			for _, item := range items {
				if ctx.Err() != nil || !yield(item) {
					return
				}
			}
			after = last
			select {
			case <-grown:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (r *Ring[T]) next(after uint64, wanted func(T) bool) (items []T, last uint64, grown <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.grown == nil {
		r.grown = make(chan struct{})
	}
	if after > r.last {
		after = 0
	}
	return r.find(after, wanted), r.last, r.grown
}
