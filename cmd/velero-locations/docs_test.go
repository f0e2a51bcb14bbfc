package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the session in docs/cli.md instead of comparing it")

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [-+]\d{4} \w+`)

// TestDocumentedSession runs the session in docs/cli.md and compares what it prints, but for times.
func TestDocumentedSession(t *testing.T) {
	t.Setenv("TZ", "UTC") // as in the documentation
	file := filepath.Join("..", "..", "docs", "cli.md")
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(doc), "```console\n")
	documented, after, found := strings.Cut(rest, "```\n")
	if !found {
		t.Fatal("docs/cli.md has no session")
	}

	s := startDev(t, t.TempDir())
	var session strings.Builder
	for line := range strings.Lines(documented) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			session.WriteString(line + s.settled(t, strings.TrimSpace(command)))
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
		t.Errorf("the session prints\n%s\nbut docs/cli.md has\n%s\nIf the former is right: go test ./cmd/velero-locations -run TestDocumentedSession -update", got, want)
	}
}

// unsettled is what is shown of what somebody still works on.
var unsettled = regexp.MustCompile(`\b(Unknown|New|Queued|ReadyToStart|InProgress|Finalizing)\b`)

// settled is what a command prints, errors and all, once each location that it shows was checked and each backup has ended.
func (s *server) settled(t *testing.T, command string) string {
	t.Helper()
	var out string
	s.poll(t, 10*time.Second, command+" to show what is settled", func() bool {
		out = s.shell(t, command+" 2>&1").stdout
		return !unsettled.MatchString(out)
	})
	var trimmed strings.Builder
	for line := range strings.Lines(out) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return trimmed.String()
}
