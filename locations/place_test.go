package locations

import (
	"strings"
	"testing"
)

func TestParsePlace(t *testing.T) {
	for name, tc := range map[string]struct {
		bucket, prefix string
		want           Place
		root           string
		err            string
	}{
		"bucket only":               {bucket: "b", want: Place{Bucket: "b"}},
		"slashes at the ends":       {bucket: "/b//", prefix: "/team-a/", want: Place{"b", "team-a"}, root: "team-a/"},
		"a prefix of two levels":    {bucket: "b", prefix: "x/y", want: Place{"b", "x/y"}, root: "x/y/"},
		"many slashes":              {bucket: "b", prefix: "//team-s///", want: Place{"b", "team-s"}, root: "team-s/"},
		"slashes in a row":          {bucket: "b", prefix: "x//y///z", want: Place{"b", "x/y/z"}, root: "x/y/z/"},
		"a prefix of slashes":       {bucket: "b", prefix: "//", want: Place{Bucket: "b"}},
		"no bucket":                 {prefix: "p", err: "set spec.objectStorage.bucket"},
		"a bucket of slashes":       {bucket: "/", err: "set spec.objectStorage.bucket"},
		"a path in the bucket":      {bucket: "b/dir/", err: `set spec.objectStorage.bucket to "b" and put "dir" in spec.objectStorage.prefix`},
		"an access point":           {bucket: "arn:aws:s3:us-west-2:111111111111:accesspoint/velero", err: `a slash in it, which Velero takes for the beginning of a path: set spec.objectStorage.bucket to "arn:aws:s3:us-west-2:111111111111:accesspoint:velero"`},
		"one of several regions":    {bucket: "arn:aws:s3::111111111111:accesspoint/mfzwi23gnjvgw.mrap", err: `set spec.objectStorage.bucket to "arn:aws:s3::111111111111:accesspoint:mfzwi23gnjvgw.mrap"`},
		"a bucket's ARN with path":  {bucket: "arn:aws:s3:::b/x", err: `put "x" in spec.objectStorage.prefix`},
		"a long path in the bucket": {bucket: "/b/x/y", err: `put "x/y" in spec.objectStorage.prefix`},
	} {
		t.Run(name, func(t *testing.T) {
			place, err := ParsePlace(tc.bucket, tc.prefix)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got error %v, want one with %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if place != tc.want || place.Root() != tc.root {
				t.Errorf("got %+v with root %q, want %+v with root %q", place, place.Root(), tc.want, tc.root)
			}
		})
	}
}

func TestCheckPrefix(t *testing.T) {
	for prefix, want := range map[string]string{
		"": "", "team-a": "", "/team-a/": "", "a/b/c": "", "..a/b..": "", "é ü": "", strings.Repeat("a", 512): "",
		"a/../b": `".."`, "..": `".."`, "./a": `"."`, "a//b": "", "//": "", "/team-s//": "", "/" + strings.Repeat("a", 512) + "//": "", "a\tb": "control", "a\x7f": "control",
		strings.Repeat("é", 257): "at most 512 bytes, but has 514",
	} {
		if err := CheckPrefix(prefix); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("CheckPrefix(%q): got %v, want %q", prefix, err, want)
		}
	}
}

func TestDoubtPrefix(t *testing.T) {
	for prefix, want := range map[string]string{
		"": "", "/team-s//": "", "//": "", "a/b": "", "/a//b/": `Velero keeps backups under "a/b/", but looks under "a//b/" when it checks`,
	} {
		if got := DoubtPrefix(prefix); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("DoubtPrefix(%q): got %q, want %q", prefix, got, want)
		}
	}
}

func TestContains(t *testing.T) {
	root, team, sub, teams := Place{"b", ""}, Place{"b", "team"}, Place{"b", "team/x"}, Place{"b", "teams"}
	for _, tc := range []struct {
		outer, inner Place
		want         bool
	}{
		{root, root, true},
		{root, team, true},
		{team, root, false},
		{team, team, true},
		{team, sub, true},
		{sub, team, false},
		{team, teams, false},
		{root, Place{"c", ""}, false},
	} {
		if got := tc.outer.Contains(tc.inner); got != tc.want {
			t.Errorf("%s contains %s: got %v", tc.outer, tc.inner, got)
		}
	}
}

func TestCheckDirectories(t *testing.T) {
	root, team := Place{Bucket: "b"}, Place{Bucket: "b", Prefix: "team-a"}
	for name, tc := range map[string]struct {
		place Place
		names []string
		want  []string // in the error; none: no error
	}{
		"nothing":              {place: root},
		"all of Velero's":      {place: root, names: []string{"backups/", "kopia/", "metadata/", "plugins/", "restic/", "restores/"}},
		"under the prefix":     {place: team, names: []string{"team-a/backups/"}},
		"a stray one":          {place: root, names: []string{"backups/", "team-b/"}, want: []string{`bucket "b"`, `("team-b")`, "spec.objectStorage.prefix"}},
		"stray under a prefix": {place: team, names: []string{"team-a/x/"}, want: []string{`prefix "team-a" of bucket "b"`, `("x")`}},
		"three":                {place: root, names: []string{"c/", "b/", "a/"}, want: []string{`("a", "b", "c")`}},
		"more than three":      {place: root, names: []string{"e/", "d/", "c/", "b/", "a/"}, want: []string{`("a", "b", "c" and 2 more)`}},
		"case matters":         {place: root, names: []string{"Backups/"}, want: []string{`"Backups"`}},
		"an empty name":        {place: root, names: []string{"/"}, want: []string{`("")`}},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckDirectories(tc.place, tc.names)
			if (err != nil) != (tc.want != nil) {
				t.Fatalf("got %v", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
		})
	}
}
