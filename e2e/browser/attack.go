package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"testing"
)

//go:embed attack.js
var script string

// Request is what a page asks of a server.
type Request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Body    string            `json:"body,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

// Seen is what a page could read of an answer.
type Seen struct {
	// Way in which the page asked.
	Way    string `json:"way"`
	Status int    `json:"status"` // 0: not known
	Text   string `json:"text"`
}

// Call has a page ask a server in the way that is meant for it: of the page's own origin for an empty base.
func (p *Page) Call(tb testing.TB, base string, request Request) []Seen {
	tb.Helper()
	return p.ask(tb, "call", base, request)
}

// Attack has a page ask a server in all ways that pages have: by fetch with and without CORS, beacons, forms, images, scripts, styles,
// frames, streams of events and WebSockets.
func (p *Page) Attack(tb testing.TB, base string, request Request) []Seen {
	tb.Helper()
	return p.ask(tb, "attack", base, request)
}

func (p *Page) ask(tb testing.TB, function, base string, request Request) []Seen {
	tb.Helper()
	encoded, err := json.Marshal(request)
	if err != nil {
		tb.Fatal(err)
	}
	at := fmt.Sprintf("%q", base)
	if base == "" {
		at = "location.origin"
	}
	return Evaluate[[]Seen](tb, p, fmt.Sprintf("(() => { %s\nreturn %s(%s, %s); })()", script, function, at, encoded))
}
