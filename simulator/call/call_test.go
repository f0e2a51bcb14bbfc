package call

import "testing"

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"a", "a", true},
		{"a", "", false},
		{"*", "", true},
		{"*", "abc", true},
		{"s3:*", "s3:PutObject", true},
		{"s3:*", "ec2:CreateSnapshot", false},
		{"s3:Get*", "s3:GetObject", true},
		{"s3:*Object", "s3:PutObject", true},
		{"s3:*Object", "s3:PutObjectTagging", false},
		{"a*b*c", "aXbYbZc", true},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"**", "x", true},
		{"*a", "ba", true},
		{"*a", "ab", false},
	} {
		if got := Matches(test.pattern, test.name); got != test.want {
			t.Errorf("Matches(%q, %q) = %v", test.pattern, test.name, got)
		}
	}
	if !MatchesAny(nil, "x") || MatchesAny([]string{"a", "b"}, "x") || !MatchesAny([]string{"a", "x"}, "x") {
		t.Error("MatchesAny: no pattern matches all, several match one of them")
	}
}
