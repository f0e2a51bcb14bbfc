package s3

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/velero-locations/velero-locations/simulator/wire"
)

// stallTimeout is how long S3 waits for the next bytes of a body, near enough.
const stallTimeout = 30 * time.Second

// guardConnection ends a request whose client stops sending its body, or stops reading the answer: each read and each
// write has its own deadline, so that a slow transfer that goes on is not cut.
func guardConnection(w http.ResponseWriter, r *http.Request, timeout time.Duration) http.ResponseWriter {
	if timeout == 0 {
		timeout = stallTimeout
	}
	controller := http.NewResponseController(w)
	r.Body = &guardedBody{ReadCloser: r.Body, controller: controller, timeout: timeout}
	return &guardedWriter{ResponseWriter: w, controller: controller, timeout: timeout}
}

type guardedBody struct {
	io.ReadCloser
	controller *http.ResponseController
	timeout    time.Duration
}

// Read returns the body, or RequestTimeout when nothing came for too long.
func (g *guardedBody) Read(p []byte) (int, error) {
	_ = g.controller.SetReadDeadline(time.Now().Add(g.timeout)) // a server that cannot is one of a test without connections
	n, err := g.ReadCloser.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		e := wire.NewError(http.StatusBadRequest, "RequestTimeout",
			"Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.")
		e.Headers = http.Header{"Connection": {"close"}}
		return n, e
	}
	if err != nil {
		_ = g.controller.SetReadDeadline(time.Time{}) // what comes now is the next request's
	}
	return n, err
}

type guardedWriter struct {
	http.ResponseWriter
	controller *http.ResponseController
	timeout    time.Duration
}

// Write writes to a client that reads.
func (g *guardedWriter) Write(p []byte) (int, error) {
	_ = g.controller.SetWriteDeadline(time.Now().Add(g.timeout))
	return g.ResponseWriter.Write(p)
}

// Unwrap lets a response controller reach the connection.
func (g *guardedWriter) Unwrap() http.ResponseWriter { return g.ResponseWriter }
