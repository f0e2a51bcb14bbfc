package clock

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// refused is an error if something was accepted that must be refused.
func refused(err error) error {
	if err != nil && strings.HasSuffix(err.Error(), "is too far off: choose a time from 1970-01-01T00:00:00Z on and before 2200-01-01T00:00:00Z") {
		return nil
	}
	return fmt.Errorf("it is not refused, but %w", err)
}

func TestClock(t *testing.T) {
	machine := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	c := New(func() time.Time { return machine })
	check := func(want time.Time) {
		t.Helper()
		if got := c.Now(); !got.Equal(want) {
			t.Errorf("it is %s, want %s", got, want)
		}
	}
	check(machine)
	c.Advance(time.Hour)
	check(machine.Add(time.Hour))
	c.Advance(-2 * time.Hour)
	check(machine.Add(-time.Hour))
	c.Set(machine.AddDate(1, 0, 0))
	check(machine.AddDate(1, 0, 0))
	machine = machine.Add(time.Minute) // a clock that was moved goes on
	check(time.Date(2027, 11, 1, 12, 1, 0, 0, time.UTC))
	c.Reset()
	check(machine)
	for i, err := range []error{
		c.Set(latest.Add(-time.Second)),
		c.Set(earliest),
		refused(c.Set(latest)),
		refused(c.Set(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))),
		refused(c.Set(earliest.Add(-time.Second))),
		refused(c.Set(time.Time{})),
		refused(c.Advance(-time.Second)),
		refused(c.Advance(math.MinInt64)),
		refused(c.Advance(math.MaxInt64)),
	} {
		if err != nil {
			t.Errorf("move %d: %v", i, err)
		}
	}
	check(earliest) // as it was, when it was refused to be moved
	c.Reset()
	if New(nil).Now().IsZero() {
		t.Error("the machine's clock is the default")
	}
}
