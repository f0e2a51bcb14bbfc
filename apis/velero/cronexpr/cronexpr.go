// Package cronexpr reads the cron expressions of schedules, in the same way wherever they are read: what is accepted when a schedule is
// written can be carried out.
package cronexpr

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // the same time zones are known on every machine

	"github.com/robfig/cron/v3"
)

// Parse reads an expression as Velero does: five fields, or @daily and its like, or @every with a duration, with a time
// zone in front as CRON_TZ=Europe/Berlin if it is not the machine's.
func Parse(expression string) (when cron.Schedule, err error) {
	defer func() {
		if p := recover(); p != nil { // the parser's answer to some mistakes
			when, err = nil, fmt.Errorf("it cannot be read: %v", p)
		}
	}()
	if zone, rest, _ := strings.Cut(expression, " "); strings.Contains(zone, "TZ=") && strings.TrimSpace(rest) == "" {
		return nil, errors.New("nothing follows the time zone")
	}
	if when, err = cron.ParseStandard(expression); err != nil {
		return nil, err
	}
	if text, ok := strings.CutPrefix(expression, "@every "); ok {
		// The parser takes what is less than a second for a second.
		if every, err := time.ParseDuration(text); err == nil && every < time.Second {
			return nil, fmt.Errorf("%s is less than a second", every)
		}
	}
	return when, nil
}

// Comes says whether there is a time of the schedule after the given one: 30 February never comes.
func Comes(when cron.Schedule, after time.Time) bool { return !when.Next(after).IsZero() }
