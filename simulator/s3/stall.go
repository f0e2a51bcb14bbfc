package s3

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws"
)

const (
	// stallTimeout is how long S3 waits for the next bytes of a body, roughly.
	stallTimeout = 30 * time.Second
	// deadlineSteps is how many steps a timeout is divided into: a deadline is moved only when it has come a step nearer,
	// since moving it costs more than reading what is there.
	deadlineSteps = 20
)

// guardConnection ends a request whose client stops sending its body, or stops reading the answer: each read and each
// write has its own deadline, so that a slow transfer that goes on is not cut.
func guardConnection(w http.ResponseWriter, r *http.Request, timeout time.Duration) http.ResponseWriter {
	if timeout == 0 {
		timeout = stallTimeout
	}
	controller := http.NewResponseController(w)
	if r.Body != http.NoBody {
		r.Body = &guardedBody{r.Body, deadline{set: controller.SetReadDeadline, timeout: timeout}}
	}
	return &guardedWriter{w, deadline{set: controller.SetWriteDeadline, timeout: timeout}}
}

// deadline of one direction of a connection.
type deadline struct {
	set     func(time.Time) error
	timeout time.Duration
	last    time.Time // when it was set
}

// move renews the deadline when it has come a step nearer.
func (d *deadline) move() {
	if now := time.Now(); now.Sub(d.last) > d.timeout/deadlineSteps {
		_ = d.set(now.Add(d.timeout)) // a server that cannot is one of a test without connections
		d.last = now
	}
}

type guardedBody struct {
	io.ReadCloser
	deadline deadline
}

// Read returns the body, or RequestTimeout when nothing came for too long.
func (g *guardedBody) Read(p []byte) (int, error) {
	g.deadline.move()
	n, err := g.ReadCloser.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		e := aws.NewError(http.StatusBadRequest, "RequestTimeout",
			"Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.")
		e.Headers = http.Header{"Connection": {"close"}}
		return n, e
	}
	if err != nil {
		_ = g.deadline.set(time.Time{}) // what comes now is the next request's
	}
	return n, err
}

type guardedWriter struct {
	http.ResponseWriter
	deadline deadline
}

// Write writes to a client that reads.
func (g *guardedWriter) Write(p []byte) (int, error) {
	g.deadline.move()
	return g.ResponseWriter.Write(p)
}

// Unwrap lets a response controller reach the connection.
func (g *guardedWriter) Unwrap() http.ResponseWriter { return g.ResponseWriter }
