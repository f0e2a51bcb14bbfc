package lifecycle

import (
	"testing"
	"time"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.DateTime, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAfter holds the rounding against the examples of S3's documents.
func TestAfter(t *testing.T) {
	for _, test := range []struct {
		from string
		days int
		want string
	}{
		{"2014-01-15 10:30:00", 3, "2014-01-19 00:00:00"},
		{"2012-10-15 10:30:00", 3, "2012-10-19 00:00:00"},
		{"2026-11-30 23:59:59", 0, "2026-12-01 00:00:00"},
		{"2026-12-01 00:00:00", 1, "2026-12-03 00:00:00"},
	} {
		if got := After(at(t, test.from), test.days); !got.Equal(at(t, test.want)) {
			t.Errorf("%d days after %s: %s, want %s", test.days, test.from, got, test.want)
		}
	}
}

// TestNext shows which of several actions on a version of 2026-11-30 comes first.
func TestNext(t *testing.T) {
	days := func(n int) *int { return &n }
	to := func(n int, class string) Rule {
		return Rule{Filter: &Filter{}, Status: Enabled, Transitions: []Transition{{Days: &n, StorageClass: class}}}
	}
	expires := Rule{Filter: &Filter{}, Status: Enabled, Expiration: &Expiration{Days: days(5)}}
	disabled := expires
	disabled.Status = Disabled
	const created, size = "2026-11-30 12:00:00", 1 << 20
	for name, test := range map[string]struct {
		rules []Rule
		class string
		size  int64
		from  string
		want  string // a class; empty for expiry
		at    string
	}{
		"none":                         {},
		"a rule that does not act":     {rules: []Rule{disabled}},
		"the earlier":                  {rules: []Rule{expires, to(3, "GLACIER")}, want: "GLACIER", at: "2026-12-04 00:00:00"},
		"a transition before expiry":   {rules: []Rule{expires, to(5, "GLACIER")}, want: "GLACIER", at: "2026-12-06 00:00:00"},
		"the coldest":                  {rules: []Rule{to(5, "GLACIER"), to(5, "DEEP_ARCHIVE"), to(5, "STANDARD_IA")}, want: "DEEP_ARCHIVE", at: "2026-12-06 00:00:00"},
		"the coldest of what is late":  {rules: []Rule{to(1, "STANDARD_IA"), to(2, "GLACIER")}, from: "2026-12-24 00:00:00", want: "GLACIER", at: "2026-12-24 00:00:00"},
		"not to where it is":           {rules: []Rule{to(1, "GLACIER")}, class: "GLACIER"},
		"not to a warmer class":        {rules: []Rule{to(1, "STANDARD_IA")}, class: "GLACIER"},
		"not from one zone to several": {rules: []Rule{to(1, "GLACIER_IR")}, class: "ONEZONE_IA"},
		"not what is small":            {rules: []Rule{to(1, "GLACIER")}, size: 128<<10 - 1},
		"what is just large enough":    {rules: []Rule{to(1, "GLACIER")}, size: 128 << 10, want: "GLACIER", at: "2026-12-02 00:00:00"},
		"expiry of what is small":      {rules: []Rule{expires}, size: 1, at: "2026-12-06 00:00:00"},
		"after it has become cold":     {rules: []Rule{expires, to(3, "GLACIER")}, class: "GLACIER", at: "2026-12-06 00:00:00"},
	} {
		v := Version{Key: "k", Size: size, Class: "STANDARD", Created: at(t, created)}
		if test.class != "" {
			v.Class = test.class
		}
		if test.size != 0 {
			v.Size = test.size
		}
		var from time.Time
		if test.from != "" {
			from = at(t, test.from)
		}
		got := (&Configuration{Rules: test.rules, MinimumSize: AllClasses128K}).Next(&v, from)
		var want Action
		if test.at != "" {
			want = Action{at(t, test.at), test.want}
		}
		if got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
