package ebs

import (
	"slices"

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
	// key returns the item's id and its number in the order of creations.
	key() (id string, sequence uint64)
	attributes() []Attribute
}

// notIndexed are the attributes that are not looked up, since nearly every item has a value of its own.
var notIndexed = []string{"start-time", "create-time", "description"}

// shelf finds items by their ids and attributes at a cost that grows with what is found, not with what is there. It is
// not safe for concurrent use.
type shelf[T item] struct {
	items map[uint64]T
	ids   map[string]uint64
	// postings list the sequence numbers, ascending, of the items with an attribute; all are those of all items.
	postings map[Attribute][]uint64
	all      []uint64
}

func newShelf[T item]() shelf[T] {
	return shelf[T]{items: map[uint64]T{}, ids: map[string]uint64{}, postings: map[Attribute][]uint64{}}
}

func (s *shelf[T]) get(id string) (T, bool) {
	found, ok := s.items[s.ids[id]]
	return found, ok
}

// put adds an item, or replaces the one of its id.
func (s *shelf[T]) put(added T) {
	id, sequence := added.key()
	s.remove(id)
	s.items[sequence], s.ids[id] = added, sequence
	s.all = insert(s.all, sequence)
	for _, a := range indexed(added) {
		s.postings[a] = insert(s.postings[a], sequence)
	}
}

func (s *shelf[T]) remove(id string) {
	old, found := s.get(id)
	if !found {
		return
	}
	_, sequence := old.key()
	delete(s.items, sequence)
	delete(s.ids, id)
	s.all = without(s.all, sequence)
	for _, a := range indexed(old) {
		if s.postings[a] = without(s.postings[a], sequence); len(s.postings[a]) == 0 {
			delete(s.postings, a)
		}
	}
}

func indexed(of item) []Attribute {
	return slices.DeleteFunc(of.attributes(), func(a Attribute) bool { return slices.Contains(notIndexed, a.Name) })
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
func (s *shelf[T]) find(query Query) (out []T, more bool) {
	list := s.shortest(query.Filters)
	i, _ := slices.BinarySearch(list, query.After+1)
	for _, sequence := range list[i:] {
		candidate := s.items[sequence]
		if !matchesAll(query.Filters, candidate.attributes) {
			continue
		}
		if query.Limit > 0 && len(out) == query.Limit {
			return out, true
		}
		out = append(out, candidate)
	}
	return out, false
}

func matchesAll(filters []Filter, attributes func() []Attribute) bool {
	if len(filters) == 0 {
		return true
	}
	of := attributes()
	return !slices.ContainsFunc(filters, func(f Filter) bool { return !f.Matches(of) })
}

// shortest returns the shortest list that holds all items which the filters pick.
func (s *shelf[T]) shortest(filters []Filter) []uint64 {
	var best *Filter
	count := len(s.all)
	for i, f := range filters {
		if n, indexed := s.count(f); indexed && n <= count {
			best, count = &filters[i], n
		}
	}
	switch {
	case best == nil:
		return s.all
	case len(best.Values) == 1:
		return s.postings[Attribute{best.Name, best.Values[0]}]
	}
	out := make([]uint64, 0, count)
	for _, value := range best.Values {
		out = append(out, s.postings[Attribute{best.Name, value}]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// count returns how many items a filter's values have, unless they are to be found by looking at items only.
func (s *shelf[T]) count(f Filter) (n int, isIndexed bool) {
	if len(f.Values) == 0 || slices.Contains(notIndexed, f.Name) {
		return 0, false
	}
	for _, value := range f.Values {
		if slices.ContainsFunc([]byte(value), func(c byte) bool { return c == '*' || c == '?' }) {
			return 0, false
		}
		n += len(s.postings[Attribute{f.Name, value}])
	}
	return n, true
}
