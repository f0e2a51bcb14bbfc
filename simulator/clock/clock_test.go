package clock

import (
	"testing"
	"time"
)

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
	if New(nil).Now().IsZero() {
		t.Error("the machine's clock is the default")
	}
}
