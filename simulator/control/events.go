package control

import (
	"net/http"

	"github.com/velero-locations/velero-locations/simulator/s3/events"
)

// EventPage is a part of the notifications of buckets.
type EventPage struct {
	Events []events.Message `json:"events" doc:"The messages, oldest first."`
}

var eventsQuery = [][2]string{
	{"since", "Sequence number; only later messages are wanted."},
	{"limit", "How many messages are wanted at most, the oldest of them; 0 is all."},
}

func (s *server) listEvents(w http.ResponseWriter, r *http.Request) error {
	since, err := parseSequence(r.URL.Query(), "since")
	if err != nil {
		return err
	}
	limit, err := parseSequence(r.URL.Query(), "limit")
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, EventPage{s.Events.Messages(since, limit)})
}

func (s *server) followEvents(w http.ResponseWriter, r *http.Request) error {
	since, err := parseSequence(r.URL.Query(), "since")
	if err != nil {
		return err
	}
	if since, err = resumed(r, since); err != nil {
		return err
	}
	return stream(w, r, s.Events.Follow(r.Context(), since), func(m events.Message) uint64 { return m.Sequence })
}
