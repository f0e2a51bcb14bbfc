package pipeline

import (
	"bytes"
	"errors"
	"io"
)

// ErrTooLarge says that a body is longer than its service takes.
var ErrTooLarge = errors.New("the body is too large")

// ReadBody reads a body that is small, for a service whose body says what is asked for. The body stays there to be read
// again: faults of the upload strike then, before the request is served.
func (x *Exchange) ReadBody(limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(x.Body, limit+1))
	if int64(len(body)) > limit {
		err = ErrTooLarge
	}
	x.Body, x.small = io.NopCloser(bytes.NewReader(body)), true
	return body, err
}

// meetFaults lets faults do to the request what they do. After an error it is not to be served.
func (x *Exchange) meetFaults() error {
	set := x.pipeline.Faults
	if set.Empty() {
		return nil
	}
	harmed, err := set.Inject(x.W, x.Request, x.Call)
	x.W, x.Request, x.recorder.Entry.Faults = harmed.W, harmed.Request, harmed.Rules
	if err == nil && x.small {
		_, err = io.Copy(io.Discard, x.Body)
	}
	return err
}
