package faults

import (
	"errors"
	"time"
)

// Latency delays a request.
type Latency struct {
	Delay Duration `json:"delay" doc:"How long the request waits before it is served."`
}

// Validate wants a delay.
func (l Latency) Validate() error {
	if l.Delay <= 0 {
		return errors.New("delay: it is not a positive duration such as \"500ms\"")
	}
	return nil
}

// Inject waits.
func (l Latency) Inject(x *Exchange) error { return x.wait(time.Duration(l.Delay)) }
