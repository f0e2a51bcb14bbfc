package objectstore

import (
	"io"
	"net/http"
	"sync"
)

// detaching is a transport that no longer reads a request's body once its answer was read. An answer may come before the
// body is sent, and then http.Transport reads on, while the client is already rewinding it for the next attempt: both
// would get pieces of it.
type detaching struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (d detaching) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return d.RoundTripper.RoundTrip(req) // as the transport's own
	}
	body := &detachable{ReadCloser: req.Body}
	req = req.WithContext(req.Context()) // a copy: the original is the caller's
	req.Body = body
	resp, err := d.RoundTripper.RoundTrip(req)
	if err != nil {
		body.detach()
		return nil, err // as the transport's own
	}
	resp.Body = &answered{ReadCloser: resp.Body, body: body}
	return resp, nil
}

// detachable is a body that ends when it is detached.
type detachable struct {
	io.ReadCloser

	mu       sync.Mutex
	detached bool
}

func (d *detachable) Read(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.detached {
		return 0, io.EOF
	}
	return d.ReadCloser.Read(p) // io.EOF must stay what it is
}

// detach waits until nobody reads, and lets nobody read from then on.
func (d *detachable) detach() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.detached = true
}

// answered detaches the body of its request when it is closed.
type answered struct {
	io.ReadCloser

	body *detachable
}

func (a *answered) Close() error {
	a.body.detach()
	return a.ReadCloser.Close() // as the body's own
}
