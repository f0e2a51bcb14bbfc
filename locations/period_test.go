package locations

import (
	"testing"
	"time"
)

func TestPeriod(t *testing.T) {
	for wanted, want := range map[time.Duration]time.Duration{
		0: 0, 1: LeastPeriod, time.Second: LeastPeriod, LeastPeriod: LeastPeriod, time.Minute: time.Minute, 1 << 62: 1 << 62,
	} {
		if got := Period(wanted); got != want {
			t.Errorf("Period(%s): got %s, want %s", wanted, got, want)
		}
	}
}
