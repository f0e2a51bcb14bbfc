// Package clock is a cloud's time, which tests can move: credentials expire and clocks are wrong without waiting.
package clock

import (
	"sync/atomic"
	"time"
)

// Clock goes on like the machine's, ahead of it or behind it by as much as it was moved. It is safe for concurrent use.
type Clock struct {
	machine func() time.Time
	offset  atomic.Int64
}

// New returns a clock that shows the machine's time; nil is time.Now.
func New(machine func() time.Time) *Clock {
	if machine == nil {
		machine = time.Now
	}
	return &Clock{machine: machine}
}

// Now returns the time by the cloud's clock.
func (c *Clock) Now() time.Time { return c.machine().Add(c.Offset()) }

// Offset returns how far the clock is ahead of the machine's.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Set moves the clock to a time, from which it goes on.
func (c *Clock) Set(to time.Time) { c.offset.Store(int64(to.Sub(c.machine()))) }

// Advance moves the clock ahead, or back by a negative duration.
func (c *Clock) Advance(by time.Duration) { c.offset.Add(int64(by)) }

// Reset takes the clock back to the machine's time.
func (c *Clock) Reset() { c.offset.Store(0) }
