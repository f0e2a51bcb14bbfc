package ebs

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// byIDs returns the items with a query's ids that match its filters. Ids that are not there are refused together, as EC2 does.
func byIDs[T item](query Query, find func(id string) (T, bool), notFound func(ids ...string) error) ([]T, error) {
	var out []T
	var missing []string
	for _, id := range query.IDs {
		found, ok := find(id)
		switch {
		case !ok:
			missing = append(missing, id)
		case query.matches(found):
			out = append(out, found)
		}
	}
	if len(missing) > 0 {
		return nil, notFound(missing...)
	}
	return inOrder(out), nil
}

// inOrder sorts items by their creation, and keeps the first of each.
func inOrder[T item](items []T) []T {
	slices.SortStableFunc(items, bySequence)
	return slices.CompactFunc(items, func(x, y T) bool { return bySequence(x, y) == 0 })
}

// AllVolumes returns the volumes of all places, by account, region and creation.
func (s *Store) AllVolumes() []*Volume {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return everywhere(s, func(c *contents) *index[*Volume] { return &c.volumes })
}

// AllSnapshots returns the snapshots of all places, by account, region and creation.
func (s *Store) AllSnapshots() []*Snapshot {
	s.settle()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return everywhere(s, func(c *contents) *index[*Snapshot] { return &c.snapshots })
}

func everywhere[T item](s *Store, of func(*contents) *index[T]) (out []T) {
	places := slices.SortedFunc(maps.Keys(s.places), func(x, y Place) int {
		return cmp.Or(cmp.Compare(x.Account, y.Account), cmp.Compare(x.Region, y.Region))
	})
	for _, place := range places {
		found, _ := of(s.places[place]).find(Query{})
		for _, one := range found {
			if one.place() == place { // and is not only shared with it
				out = append(out, one)
			}
		}
	}
	return out
}

func noSuchVolume(ids ...string) error { return notFound("InvalidVolume.NotFound", "volume", ids) }

func noSuchSnapshot(ids ...string) error {
	return notFound("InvalidSnapshot.NotFound", "snapshot", ids)
}

func notFound(code, noun string, ids []string) error {
	if len(ids) == 1 {
		return refuse(code, "The %s '%s' does not exist.", noun, ids[0])
	}
	return refuse(code, "The %ss '%s' do not exist.", noun, strings.Join(ids, ", "))
}

func bySequence[T item](x, y T) int {
	return cmp.Compare(x.sequence(), y.sequence())
}
