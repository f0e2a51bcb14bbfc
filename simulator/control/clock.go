package control

import (
	"fmt"
	"net/http"
	"time"

	"github.com/velero-locations/velero-locations/simulator/faults"
)

// Time is the simulator's time.
type Time struct {
	Now    time.Time       `json:"now" doc:"The simulator's time."`
	Offset faults.Duration `json:"offset" doc:"How far it is ahead of the machine's."`
}

// SetTime moves the clock to a time.
type SetTime struct {
	Now time.Time `json:"now" doc:"Time from which the clock goes on."`
}

// Advance moves the clock by a duration.
type Advance struct {
	By faults.Duration `json:"by" doc:"How far the clock moves ahead; negative: back."`
}

func (s *server) showClock(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, Time{s.Clock.Now().UTC(), faults.Duration(s.Clock.Offset())})
}

func (s *server) setClock(w http.ResponseWriter, r *http.Request) error {
	var to SetTime
	if err := readJSON(w, r, &to); err != nil {
		return err
	}
	if to.Now.IsZero() {
		return fmt.Errorf("%w: now: there is none; it is a time such as \"2026-11-01T12:00:00Z\"", errBadRequest)
	}
	if err := s.Clock.Set(to.Now); err != nil {
		return fmt.Errorf("%w: now: %w", errBadRequest, err)
	}
	return s.clockMoved(w, r)
}

func (s *server) advanceClock(w http.ResponseWriter, r *http.Request) error {
	var advance Advance
	if err := readJSON(w, r, &advance); err != nil {
		return err
	}
	if err := s.Clock.Advance(time.Duration(advance.By)); err != nil {
		return fmt.Errorf("%w: by: it would be %w", errBadRequest, err)
	}
	return s.clockMoved(w, r)
}

// clockMoved answers once what is due is done.
func (s *server) clockMoved(w http.ResponseWriter, r *http.Request) error {
	if err := s.ClockMoved(); err != nil {
		return err
	}
	return s.showClock(w, r)
}

func (s *server) resetClock(w http.ResponseWriter, _ *http.Request) error {
	s.Clock.Reset()
	if err := s.ClockMoved(); err != nil {
		return err
	}
	return done(w)
}
