// Package clock is a cloud's time, which tests can move: credentials expire and clocks are wrong without waiting.
package clock

import (
	"fmt"
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

// The clock can be moved to a time from earliest on and before latest: further off, times no longer fit into what clients and
// formats keep them in, and wrap around.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Set moves the clock to a time, from which it goes on. One that is too far off is an error, and leaves the clock as it is.
func (c *Clock) Set(to time.Time) error {
	if err := checkRange(to); err != nil {
		return err
	}
	c.offset.Store(int64(to.Sub(c.machine())))
	return nil
}

// CheckOffset says why the clock cannot be so far ahead of the machine's.
func (c *Clock) CheckOffset(offset time.Duration) error { return checkRange(c.machine().Add(offset)) }

// SetOffset makes the clock so far ahead of the machine's, or behind it.
func (c *Clock) SetOffset(offset time.Duration) error {
	if err := c.CheckOffset(offset); err != nil {
		return err
	}
	c.offset.Store(int64(offset))
	return nil
}

// Advance moves the clock ahead, or back by a negative duration. To where Set cannot move it is an error.
func (c *Clock) Advance(by time.Duration) error {
	for {
		offset := c.offset.Load()
		if err := checkRange(c.machine().Add(time.Duration(offset)).Add(by)); err != nil {
			return err
		}
		if c.offset.CompareAndSwap(offset, offset+int64(by)) {
			return nil
		}
	}
}

func checkRange(to time.Time) error {
	if to.Before(earliest) || !to.Before(latest) {
		return fmt.Errorf("%s is too far off: choose a time from %s on and before %s", to.UTC().Format(time.RFC3339), earliest.Format(time.RFC3339), latest.Format(time.RFC3339))
	}
	return nil
}

// Reset takes the clock back to the machine's time.
func (c *Clock) Reset() { c.offset.Store(0) }
