package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/dev/devtest"
)

var update = flag.Bool("update", false, "rewrite the sessions in docs instead of comparing them")

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [-+]\d{4} \w+`)

// TestDocumentedSession runs the sessions in the documentation and compares what they print, but for times.
func TestDocumentedSession(t *testing.T) {
	t.Setenv("TZ", "UTC") // as in the documentation
	for _, name := range []string{"cli.md", "backups.md"} {
		t.Run(name, func(t *testing.T) { compareSession(t, filepath.Join("..", "..", "docs", name)) })
	}
}

func compareSession(t *testing.T, file string) {
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(doc), "```console\n")
	documented, after, found := strings.Cut(rest, "```\n")
	if !found {
		t.Fatalf("%s has no session", file)
	}

	s := startDev(t, t.TempDir())
	var session strings.Builder
	for line := range strings.Lines(documented) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			session.WriteString(line + s.settled(t, "cd ../.. && "+strings.TrimSpace(command)))
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(before+"```console\n"+session.String()+"```\n"+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, want := moment.ReplaceAllString(session.String(), "TIME"), moment.ReplaceAllString(documented, "TIME")
	if got != want {
		t.Errorf("the session prints\n%s\nbut %s has\n%s\nIf the former is right: go test ./cmd/velero-locations -run TestDocumentedSession -update", got, file, want)
	}
}

// settled is what a command prints, errors and all, once each location that it shows was checked.
func (s *server) settled(t *testing.T, command string) string {
	t.Helper()
	var out string
	devtest.Poll(t, 10*time.Second, command+" to show what was checked", func() bool {
		out = s.Shell(t, command+" 2>&1").Stdout
		return !strings.Contains(out, "Unknown")
	})
	var trimmed strings.Builder
	for line := range strings.Lines(out) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return trimmed.String()
}
