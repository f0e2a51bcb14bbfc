package control

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Part is a part of the simulator's state, which a reset can keep.
type Part string

// The parts of the state.
const (
	Objects Part = "objects" // with their buckets
	Volumes Part = "volumes" // with their snapshots and nodes, of all providers
	Keys    Part = "keys"    // with their accounts and roles
	Faults  Part = "faults"
	Journal Part = "journal"
	Clock   Part = "clock"
)

// Parts are all of them.
var Parts = []Part{Objects, Volumes, Keys, Faults, Journal, Clock}

var resetQuery = [][2]string{{"keep", "Parts that stay as they are, separated by commas: some of " + partNames() + "."}}

func partNames() string {
	var names []string
	for _, part := range Parts {
		names = append(names, string(part))
	}
	return strings.Join(names, ", ")
}

func (s *server) reset(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	for name := range query {
		if name != "keep" {
			return fmt.Errorf("%w: %s: there is no such parameter; keep=objects,volumes keeps parts of the state", errBadRequest, name)
		}
	}
	keep, err := ParseParts(query["keep"])
	if err != nil {
		return fmt.Errorf("%w: keep: %w", errBadRequest, err)
	}
	if err := s.Reset(keep...); err != nil {
		return err
	}
	return done(w)
}

// ParseParts reads lists of parts that are separated by commas.
func ParseParts(lists []string) ([]Part, error) {
	var parts []Part
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name == "" {
				continue
			}
			if !slices.Contains(Parts, Part(name)) {
				return nil, fmt.Errorf("%q is not one of %s", name, partNames())
			}
			parts = append(parts, Part(name))
		}
	}
	return parts, nil
}
