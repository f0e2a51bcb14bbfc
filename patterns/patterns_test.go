package patterns

import "testing"

func TestMatchAny(t *testing.T) {
	for _, tc := range []struct {
		patterns []string
		name     string
		want     bool
	}{
		{[]string{"shop"}, "shop", true},
		{[]string{"shop"}, "shops", false},
		{[]string{"blog", "team-?"}, "team-a", true},
		{[]string{"team-[ab]"}, "team-c", false},
		{[]string{"*"}, "deployments.apps", true},
		{[]string{"[", "["}, "[", false},
		{nil, "shop", false},
	} {
		if got := MatchAny(tc.patterns, tc.name); got != tc.want {
			t.Errorf("%q and %q: got %v", tc.patterns, tc.name, got)
		}
	}
}

func TestIs(t *testing.T) {
	for name, want := range map[string]bool{"shop": false, "": false, "nope*": true, "team-?": true, "team-[ab]": true, `a\b`: true} {
		if Is(name) != want {
			t.Errorf("%q: got %v", name, !want)
		}
	}
}
