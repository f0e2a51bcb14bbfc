package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestVersion shows that the command and the flag say the same, and that `velero version`, which is Velero's own verb, does not.
func TestVersion(t *testing.T) {
	for line, want := range map[string]string{
		"velero-locations version":   about() + "\n",
		"velero-locations --version": about() + "\n",
		"velero version":             "",
	} {
		words := strings.Fields(line)
		root, err := newRootCommand(words[0])
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		root.SetOut(&out)
		root.SetArgs(words[1:])
		if err := root.Execute(); (err == nil) != (want != "") || out.String() != want {
			t.Errorf("%s: got %q, %v; want %q", line, out.String(), err, want)
		}
	}
}
