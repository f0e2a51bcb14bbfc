package locations

import (
	"strings"
	"testing"
)

func TestLabelValue(t *testing.T) {
	longest := strings.Repeat("a", 63)
	for name, want := range map[string]string{
		"":            "",
		"primary":     "primary",
		longest:       longest,
		longest + "a": strings.Repeat("a", 57) + "ffe054", // sha256 of 64 times a begins so
	} {
		if got := LabelValue(name); got != want {
			t.Errorf("LabelValue(%q) = %q, want %q", name, got, want)
		}
	}
}
