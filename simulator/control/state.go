package control

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// ErrInvalidState says that an archive is not a state that the simulator can have.
var ErrInvalidState = errors.New("the archive is refused, and nothing is changed")

// stall is how long a client may stop sending an archive, or reading one, while others wait for it.
const stall = 30 * time.Second

// mostIgnored is how much is still read of an archive that is refused.
const mostIgnored = 4 << 30

func (s *server) saveState(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/x-tar")
	out := &steadyWriter{w: w, controller: http.NewResponseController(w)}
	defer func() { _ = out.controller.SetWriteDeadline(time.Time{}) }() // the next answer has none
	err := s.SaveState(out)
	if err != nil && out.begun {
		panic(http.ErrAbortHandler) // lest what was sent look whole
	}
	return err
}

func (s *server) loadState(w http.ResponseWriter, r *http.Request) error {
	in := &steadyReader{r.Body, http.NewResponseController(w)}
	defer func() { _ = in.controller.SetReadDeadline(time.Time{}) }() // the next request has none
	if err := s.LoadState(in); err != nil {
		// A client that still sends would not read the answer.
		_, _ = io.CopyN(io.Discard, in, mostIgnored)
		return err
	}
	return done(w)
}

// steadyWriter gives each write its time.
type steadyWriter struct {
	w          io.Writer
	controller *http.ResponseController
	begun      bool
}

// Write implements io.Writer.
func (s *steadyWriter) Write(p []byte) (int, error) {
	s.begun = true
	_ = s.controller.SetWriteDeadline(time.Now().Add(stall)) // a server that cannot is one of a test without connections
	return s.w.Write(p)
}

// steadyReader gives each read its time.
type steadyReader struct {
	io.Reader
	controller *http.ResponseController
}

// Read implements io.Reader.
func (s *steadyReader) Read(p []byte) (int, error) {
	_ = s.controller.SetReadDeadline(time.Now().Add(stall)) // as above
	return s.Reader.Read(p)
}
