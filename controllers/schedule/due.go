package schedule

import (
	"time"

	"github.com/robfig/cron/v3"
)

// steps is how many missed runs are counted one by one. After more than that, the last one is taken to be due now.
const steps = 10_000

// due returns the time of the run that is due, the zero time if none is, and the time of the next. Of runs that were
// missed only the last is made up for.
func due(when cron.Schedule, last, now time.Time) (run, next time.Time) {
	next = when.Next(last)
	for range steps {
		if next.IsZero() || next.After(now) { // zero: never again, as for 30 February
			return run, next
		}
		run, next = next, when.Next(next)
	}
	now = now.Truncate(time.Second)
	return now, when.Next(now)
}
