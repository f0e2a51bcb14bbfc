package ebs

import (
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/call"
)

// Attribute is what a filter finds an item by. An item may have several of one name, as it has tags.
type Attribute struct{ Name, Value string }

// Filter picks items that have an attribute of the name with one of the values, in which * and ? are wild.
type Filter struct {
	Name   string
	Values []string
}

// Matches says whether one of the attributes is what the filter wants.
func (f Filter) Matches(attributes []Attribute) bool {
	return slices.ContainsFunc(attributes, func(a Attribute) bool { return a.Name == f.Name && call.MatchesAny(f.Values, a.Value) })
}

// item is a volume or a snapshot. It never changes: a change replaces it.
type item interface {
	// sequence is the item's number in the order of creations.
	sequence() uint64
	place() Place
	// attributes are those at a time; only those that are not indexed depend on it.
	attributes(now time.Time) []Attribute
}

// notIndexed are the attributes that are not looked up, since nearly every item has a value of its own.
var notIndexed = []string{"start-time", "create-time", "description", "progress", LockState, RestorableBy}

// index finds the items of a place by their attributes at a cost that grows with what is found, not with what is there.
// It is not safe for concurrent use.
type index[T item] struct {
	items map[uint64]T
	// postings list the sequence numbers, ascending, of the items with an attribute; all are those of all items.
	postings map[Attribute][]uint64
	all      []uint64
}

func newIndex[T item]() index[T] {
	return index[T]{items: map[uint64]T{}, postings: map[Attribute][]uint64{}}
}

func (i *index[T]) add(added T) {
	sequence := added.sequence()
	i.items[sequence] = added
	i.all = insert(i.all, sequence)
	for _, a := range indexed(added) {
		i.postings[a] = insert(i.postings[a], sequence)
	}
}

func (i *index[T]) remove(old T) {
	sequence := old.sequence()
	delete(i.items, sequence)
	i.all = without(i.all, sequence)
	for _, a := range indexed(old) {
		if i.postings[a] = without(i.postings[a], sequence); len(i.postings[a]) == 0 {
			delete(i.postings, a)
		}
	}
}

func indexed(of item) []Attribute {
	return slices.DeleteFunc(of.attributes(time.Time{}), func(a Attribute) bool { return slices.Contains(notIndexed, a.Name) })
}

func insert(list []uint64, n uint64) []uint64 {
	if i, found := slices.BinarySearch(list, n); !found {
		return slices.Insert(list, i, n)
	}
	return list
}

func without(list []uint64, n uint64) []uint64 {
	if i, found := slices.BinarySearch(list, n); found {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// find returns the items that a query picks among all, in the order of their creation, and whether there are more.
func (i *index[T]) find(query Query) (out []T, more bool) {
	list := i.shortest(query.Filters)
	from, _ := slices.BinarySearch(list, query.After+1)
	for _, sequence := range list[from:] {
		candidate := i.items[sequence]
		if !query.matches(candidate) {
			continue
		}
		if query.Limit > 0 && len(out) == query.Limit {
			return out, true
		}
		out = append(out, candidate)
	}
	return out, false
}

func (q Query) matches(candidate item) bool {
	if len(q.Filters) == 0 {
		return true
	}
	attributes := candidate.attributes(q.now)
	return !slices.ContainsFunc(q.Filters, func(f Filter) bool { return !f.Matches(attributes) })
}

// shortest returns the shortest list that holds all items which the filters pick.
func (i *index[T]) shortest(filters []Filter) []uint64 {
	var best *Filter
	count := len(i.all)
	for at, f := range filters {
		if n, indexed := i.count(f); indexed && n <= count {
			best, count = &filters[at], n
		}
	}
	switch {
	case best == nil:
		return i.all
	case len(best.Values) == 1:
		return i.postings[Attribute{best.Name, best.Values[0]}]
	}
	out := make([]uint64, 0, count)
	for _, value := range best.Values {
		out = append(out, i.postings[Attribute{best.Name, value}]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// count returns how many items a filter's values have, unless they are to be found by looking at items only.
func (i *index[T]) count(f Filter) (n int, isIndexed bool) {
	if len(f.Values) == 0 || slices.Contains(notIndexed, f.Name) {
		return 0, false
	}
	for _, value := range f.Values {
		if slices.ContainsFunc([]byte(value), func(c byte) bool { return c == '*' || c == '?' }) {
			return 0, false
		}
		n += len(i.postings[Attribute{f.Name, value}])
	}
	return n, true
}
