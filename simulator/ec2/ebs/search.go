package ebs

import (
	"slices"
	"strings"
)

// search returns what a query picks. Ids that are not there are refused together, as EC2 does.
func search[T item](in *shelf[T], query Query, notFound func(ids ...string) error) ([]T, bool, error) {
	if len(query.IDs) == 0 {
		out, more := in.find(query)
		return out, more, nil
	}
	var out []T
	var missing []string
	for _, id := range query.IDs {
		found, ok := in.get(id)
		switch {
		case !ok:
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
	_, a := x.key()
	_, b := y.key()
	return int(int64(a) - int64(b))
}
