package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

var update = flag.Bool("update", false, "rewrite the sessions in docs instead of comparing them")

// variable is what a session prints otherwise each time: moments, ages, ports, ids, what a command that waits shows meanwhile, and what storage
// has answered that was asked for a second, in which a busy machine may not hear it.
var variable = map[string]*regexp.Regexp{
	"TIME":      regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [-+]\d{4} \w+`),
	"AGE":       regexp.MustCompile(`\b\d+s\b`),
	"SNAPSHOT":  regexp.MustCompile(`snap-[0-9a-f]{17}`),
	"CONTENT":   regexp.MustCompile(`\b[0-9a-f]{12}\b`),
	"127.0.0.1": regexp.MustCompile(`127\.0\.0\.1:\d+`),
	"":          regexp.MustCompile(`(?m)^(((New|Queued|ReadyToStart|InProgress)\b.* )?\.*|Warning: spec.objectStorage: the storage was asked,.*)\n`),
}

func constant(session string) string {
	for name, pattern := range variable {
		session = pattern.ReplaceAllString(session, name)
	}
	return session
}

// TestDocumentedSession runs the sessions in the documentation and compares what they print, but for what is variable.
func TestDocumentedSession(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"README.md", "docs/quickstart.md", "docs/cli.md", "docs/backups.md", "docs/verify.md"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compareSessions(t, name)
		})
	}
}

// compareSessions runs those of a document, one after the other, in a directory that looks to them as the repository does.
func compareSessions(t *testing.T, name string) {
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	file, dir := filepath.Join(repository, name), t.TempDir()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(repository, "docs"), filepath.Join(dir, "docs")); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(doc), "```console\n")
	if len(parts) < 2 {
		t.Fatalf("%s has no session", name)
	}
	s := startDev(t, filepath.Join(dir, ".dev"))
	s.Env = append(s.Env, "TZ=UTC") // as in the documentation
	for i, part := range parts[1:] {
		documented, after, _ := strings.Cut(part, "```\n")
		session := s.session(t, dir, documented)
		if constant(session) == constant(documented) {
			continue
		}
		parts[i+1] = session + "```\n" + after
		if !*update {
			t.Errorf("the session prints\n%s\nbut %s has\n%s\nIf the former is right: go test ./cmd/velero-locations -run TestDocumentedSession -update", session, name, documented)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(parts, "```console\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// session runs the commands of a session in a directory, and returns it with what they print.
func (s *server) session(t *testing.T, dir, documented string) string {
	t.Helper()
	var session strings.Builder
	for line := range strings.Lines(documented) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			session.WriteString(line + s.settled(t, "cd '"+dir+"' && "+strings.TrimSpace(command)))
		}
	}
	return session.String()
}

// unsettled is what is shown of what somebody still works on, by commands that show things.
var (
	unsettled = regexp.MustCompile(`\b(Unknown|New|Queued|ReadyToStart|InProgress|Finalizing)\b`)
	shows     = regexp.MustCompile(`\b(get|describe)\b`)
)

// settled is what a command prints, errors and all, once each location that it shows was checked and each backup has ended.
func (s *server) settled(t *testing.T, command string) string {
	t.Helper()
	var out string
	devtest.Poll(t, 10*time.Second, command+" to show what is settled", func() bool {
		out = s.Shell(t, command+" 2>&1").Stdout
		return !shows.MatchString(command) || !unsettled.MatchString(out)
	})
	var trimmed strings.Builder
	for line := range strings.Lines(out) {
		trimmed.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return trimmed.String()
}
