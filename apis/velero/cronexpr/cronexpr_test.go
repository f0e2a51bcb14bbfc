package cronexpr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/apis/velero/cronexpr"
)

func TestParse(t *testing.T) {
	from := time.Date(2026, time.March, 28, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct{ expression, next string }{
		{"0 1 * * *", "2026-03-29T01:00:00Z"},
		{"*/15 * * * MON-FRI", "2026-03-30T00:00:00Z"},
		{"@daily", "2026-03-29T00:00:00Z"},
		{"@every 6h", "2026-03-28T18:00:00Z"},
		{"CRON_TZ=Europe/Berlin 0 1 * * *", "2026-03-29T00:00:00Z"},
		{"TZ=Asia/Kathmandu 0 1 * * *", "2026-03-28T19:15:00Z"},
	} {
		when, err := cronexpr.Parse(test.expression)
		if err != nil {
			t.Errorf("%q: %v", test.expression, err)
			continue
		}
		if got := when.Next(from).UTC().Format(time.RFC3339); got != test.next || !cronexpr.Comes(when, from) {
			t.Errorf("%q comes at %s, want %s", test.expression, got, test.next)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for expression, want := range map[string]string{
		"":                                "empty",
		"0 1 * *":                         "5 fields, found 4",
		"0 0 1 * * *":                     "5 fields, found 6",
		"60 * * * *":                      "above maximum (59)",
		"0 1 * * FUN":                     "FUN",
		"@dayly":                          "@dayly",
		"@every":                          "@every",
		"@every 6":                        "missing unit",
		"@every -1h":                      "-1h0m0s is less than a second",
		"@every 10ms":                     "10ms is less than a second",
		"CRON_TZ=Mars/Base 0 1 * * *":     "unknown time zone Mars/Base",
		"CRON_TZ=UTC":                     "nothing follows the time zone",
		"TZ=UTC":                          "nothing follows the time zone",
		"TZ=UTC ":                         "nothing follows the time zone",
		"TZ=0":                            "nothing follows the time zone",
		"CRON_TZ=../../etc/passwd @daily": "../../etc/passwd",
	} {
		if _, err := cronexpr.Parse(expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", expression, err, want)
		}
	}
}

func TestComes(t *testing.T) {
	when, err := cronexpr.Parse("0 0 30 2 *")
	if err != nil {
		t.Fatal(err)
	}
	if cronexpr.Comes(when, time.Unix(0, 0)) {
		t.Error("30 February comes")
	}
}

// FuzzParse shows that no text makes the parser panic, and that what it reads has a next time or none.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"@daily", "TZ=", "CRON_TZ=UTC\t0 1 * * *", "0 1 * * *", "@every 1h"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, expression string) {
		if when, err := cronexpr.Parse(expression); err == nil {
			cronexpr.Comes(when, time.Unix(0, 0))
		}
	})
}
