package ebs

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/internal/records"
)

// search returns what a query picks of a place. Ids that are not there are refused together, as EC2 does.
func search[T item](place Place, table *records.Table[T], in *index[T], query Query, notFound func(ids ...string) error) ([]T, bool, error) {
	if len(query.IDs) == 0 {
		out, more := in.find(query)
		return out, more, nil
	}
	var out []T
	var missing []string
	for _, id := range query.IDs {
		found, ok := table.Get(id)
		switch {
		case !ok || found.place() != place:
			missing = append(missing, id)
		case matchesAll(query.Filters, found.attributes):
			out = append(out, found)
		}
	}
	if len(missing) > 0 {
		return nil, false, notFound(missing...)
	}
	slices.SortFunc(out, bySequence)
	return slices.CompactFunc(out, func(x, y T) bool { return bySequence(x, y) == 0 }), false, nil
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
		out = append(out, found...)
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
