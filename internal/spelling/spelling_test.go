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
	providers := []string{"aws", "azure", "gcp", "portworx"}
	for misspelt, want := range map[string]string{"asw": "aws", "AWS": "aws", "gpc": "gcp", "azur": "azure", "oci": "", "oss": "", "cos": "", "csi": "", "s3": ""} {
		if got := Nearest(misspelt, providers); got != want {
			t.Errorf("Nearest(%q) = %q of the providers, want %q", misspelt, got, want)
		}
	}
}
