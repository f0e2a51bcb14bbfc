package control

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// FaultList is all faults in force.
type FaultList struct {
	Faults []faults.Status `json:"faults" doc:"The faults, in the order in which they apply."`
}

var errNotFound = errors.New("not found")

func (s *server) listFaults(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, FaultList{s.Faults.List()})
}

func (s *server) addFault(w http.ResponseWriter, r *http.Request) error {
	var rule faults.Rule
	if err := readJSON(w, r, &rule); err != nil {
		return err
	}
	added, err := s.Faults.Add(rule)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, added)
}

func (s *server) removeFault(w http.ResponseWriter, r *http.Request) error {
	if name := r.PathValue("name"); !s.Faults.Remove(name) {
		return fmt.Errorf("fault %q: %w", name, errNotFound)
	}
	return done(w)
}

func (s *server) clearFaults(w http.ResponseWriter, _ *http.Request) error {
	s.Faults.Clear()
	return done(w)
}
