// Package lifecycle is the rules by which a bucket's objects grow colder and expire: what they say, which objects they are about, and
// when they act. It knows nothing of who keeps the objects.
package lifecycle

import "time"

const day = 24 * time.Hour

// NextMidnight is the midnight in UTC after a time: S3 rounds to it what it does after a number of days.
func NextMidnight(t time.Time) time.Time { return t.UTC().Truncate(day).Add(day) }

// After is when something is done so many days after a time.
func After(t time.Time, days int) time.Time { return NextMidnight(t.AddDate(0, 0, days)) }
