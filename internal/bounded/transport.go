package bounded

import (
	"io"
	"net/http"
)

// Transport is a transport whose answers have no more than a limit, for clients that read whatever they are sent.
type Transport struct {
	http.RoundTripper

	// Limit in bytes.
	Limit int64
}

// RoundTrip implements http.RoundTripper.
func (t Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = Body(resp.Body, t.Limit)
	}
	return resp, err // as the transport's own
}

// Body bounds what can be read of a body.
func Body(body io.ReadCloser, limit int64) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{NewReader(body, limit), body}
}
