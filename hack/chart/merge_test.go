package main

import (
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	const standard = "a\n- b\n- c\nd"
	for name, tc := range map[string]struct {
		changed []string // renderings, on conditions 0, 1, ...
		want    string   // or the error
	}{
		"no change":         {[]string{standard}, standard},
		"more lines":        {[]string{"a\n- b\n- c\n- new\nd"}, "a\n- b\n- c\n{{- if on0 }}\n- new\n{{- end }}\nd"},
		"less lines":        {[]string{"a\n- b\nd"}, "a\n- b\n{{- if off0 }}\n- c\n{{- end }}\nd"},
		"other lines":       {[]string{"a\n- new\n- c\nd"}, "a\n{{- if on0 }}\n- new\n{{- else }}\n- b\n{{- end }}\n- c\nd"},
		"at the end":        {[]string{standard + "\n  e"}, standard + "\n  {{- if on0 }}\n  e\n  {{- end }}"},
		"two at one place":  {[]string{standard + "\ne", standard + "\nf"}, standard + "\n{{- if on0 }}\ne\n{{- end }}\n{{- if on1 }}\nf\n{{- end }}"},
		"two, one by one":   {[]string{"a\n- new\n- c\nd", "a\n- b\nd"}, "a\n{{- if on0 }}\n- new\n{{- else }}\n- b\n{{- end }}\n{{- if off1 }}\n- c\n{{- end }}\nd"},
		"two of the same":   {[]string{"a\n- new\n- c\nd", "a\n- other\n- c\nd"}, "two changes are made to the same lines: - b"},
		"one within others": {[]string{"a\nd", "a\n- b\n- e\nd"}, "two changes are made to the same lines: - c"},
	} {
		var hunks []hunk
		for i, changed := range tc.changed {
			for _, h := range diff(strings.Split(standard, "\n"), strings.Split(changed, "\n")) {
				h.on, h.off = "on"+string(rune('0'+i)), "off"+string(rune('0'+i))
				hunks = append(hunks, h)
			}
		}
		lines, err := merge(strings.Split(standard, "\n"), hunks)
		got := strings.Join(lines, "\n")
		if err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, tc.want)
		}
	}
}
