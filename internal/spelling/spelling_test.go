package spelling

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"region", "s3Url", "profile", "tagging"}
	for misspelt, want := range map[string]string{
		"regoin": "region", "REGION": "region", "s3URL": "s3Url", "url": "s3Url", "profle": "profile",
		"": "", "zone": "", "x": "", "completely-different": "", strings.Repeat("region", 100): "",
	} {
		if got := Nearest(misspelt, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", misspelt, got, want)
		}
	}
}
