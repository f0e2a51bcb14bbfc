package keyvalues

import (
	"encoding/csv"
	"maps"
	"strings"
	"testing"
)

func TestSet(t *testing.T) {
	for value, want := range map[string]Map{
		"":                  {},
		"a=1":               {"a": "1"},
		"a=1, b=2":          {"a": "1", "b": "2"},
		"a=b=c":             {"a": "b=c"},
		`"a=1,2",b=3`:       {"a": "1,2", "b": "3"},
		`"a=say ""hi""",b=`: {"a": `say "hi"`, "b": ""},
		`a={"x":1}`:         {"a": `{"x":1}`},
		"a=1\nb=2,c=3":      {"a": "1", "b": "2", "c": "3"},
	} {
		got := Map{}
		if err := got.Set(value); err != nil || !maps.Equal(got, want) {
			t.Errorf("%q is %v, %v; want %v", value, got, err, want)
		}
	}
}

// FuzzSet shows that whatever is quoted as CSV quotes it comes back.
func FuzzSet(f *testing.F) {
	f.Add("region", "us-east-1")
	f.Add("tagging", `a=1,"b"=2`)
	f.Fuzz(func(t *testing.T, key, value string) {
		_ = Map{}.Set(key) // whatever it says, it does not panic
		if strings.TrimSpace(key) == "" || strings.ContainsAny(key, "=\r") || strings.Contains(value, "\r") {
			return // no key; or a line end, which CSV normalizes
		}
		var line strings.Builder
		w := csv.NewWriter(&line)
		if err := w.Write([]string{key + "=" + value}); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		got := Map{}
		if err := got.Set(line.String()); err != nil || len(got) != 1 || got[strings.TrimSpace(key)] != value {
			t.Errorf("%q is %q, %v; want %q", line.String(), got, err, value)
		}
	})
}
