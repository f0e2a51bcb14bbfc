package faults

import "fmt"

// Outage is a service that does not work. A rule that matches regions makes whole regions go down.
type Outage struct {
	// Mode is unavailable by default.
	Mode OutageMode `json:"mode,omitempty" doc:"unavailable: 503 ServiceUnavailable; reset: connections are reset; hang: nothing is ever answered. Left out: unavailable." enum:"unavailable,reset,hang"`
}

// OutageMode is how an outage looks to clients.
type OutageMode string

const (
	// Unavailable answers 503 ServiceUnavailable.
	Unavailable OutageMode = "unavailable"
	// Resetting resets connections.
	Resetting OutageMode = "reset"
	// Hanging leaves requests without an answer until the client gives up.
	Hanging OutageMode = "hang"
)

// Validate wants a known mode.
func (o Outage) Validate() error {
	switch o.Mode {
	case "", Unavailable, Resetting, Hanging:
		return nil
	}
	return fmt.Errorf("mode: %q is not one of %q, %q and %q", o.Mode, Unavailable, Resetting, Hanging)
}

// Inject lets nothing through.
func (o Outage) Inject(x *Exchange) error {
	switch o.Mode {
	case Resetting:
		return x.cut(true)
	case Hanging:
		return x.hang(0)
	}
	return Error{Code: "ServiceUnavailable"}.Inject(x)
}
