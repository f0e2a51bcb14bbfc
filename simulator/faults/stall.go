package faults

import (
	"errors"
	"time"
)

// Stall stops the transfer, and leaves the connection open.
type Stall struct {
	// At is download by default.
	At    Point `json:"at,omitempty" doc:"upload: in the request's body; download: in the answer's. Left out: download." enum:"upload,download"`
	After int64 `json:"afterBytes,omitempty" doc:"How many bytes of the body are transferred first." minimum:"0"`
	// For is how long; zero is until the client gives up, which can't be noticed in an upload.
	For Duration `json:"for,omitempty" doc:"How long. Needed for an upload; left out: until the client gives up."`
}

// Validate wants a known point.
func (s Stall) Validate() error {
	if s.For < 0 {
		return errors.New("for: it is negative")
	}
	if s.For == 0 && s.At == Upload {
		return errors.New("for: it is needed for an upload, in which the server does not notice that its client leaves")
	}
	return s.At.validate(s.After, Upload, Download)
}

// Inject prepares the stall.
func (s Stall) Inject(x *Exchange) error {
	at := s.At
	if at == "" {
		at = Download
	}
	stalled := false
	return x.at(at, s.After, func() error {
		if stalled {
			return nil
		}
		stalled = true
		return x.hang(time.Duration(s.For))
	})
}
