package control

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
)

// eventStream is the media type of server-sent events, which browsers ask for and take up again by themselves where they were.
const eventStream = "text/event-stream"

// stream writes a JSON object a line, or an event each to those who ask for events, until there are no more or the client is gone.
func stream[T any](w http.ResponseWriter, r *http.Request, of iter.Seq[T], sequence func(T) uint64) error {
	events := strings.Contains(r.Header.Get("Accept"), eventStream)
	if events {
		w.Header().Set("Content-Type", eventStream)
		w.Header().Set("Cache-Control", "no-store")
	} else {
		w.Header().Set("Content-Type", "application/x-ndjson")
	}
	controller := http.NewResponseController(w)
	if err := controller.Flush(); err != nil {
		return fmt.Errorf("streaming: %w", err)
	}
	for one := range of {
		line, err := json.Marshal(one)
		if err != nil {
			return fmt.Errorf("encoding an object of the stream: %w", err)
		}
		if events {
			_, err = fmt.Fprintf(w, "id: %d\ndata: %s\n\n", sequence(one), line)
		} else {
			_, err = w.Write(append(line, '\n'))
		}
		if err != nil || controller.Flush() != nil {
			return nil //nolint:nilerr // the client is gone
		}
	}
	return nil
}

// resumed returns the number after which a browser wants a stream that was broken off, or that of the query.
func resumed(r *http.Request, after uint64) (uint64, error) {
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		return after, nil
	}
	sequence, err := strconv.ParseUint(last, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: Last-Event-ID: %q is not a sequence number", errBadRequest, last)
	}
	return sequence, nil
}
