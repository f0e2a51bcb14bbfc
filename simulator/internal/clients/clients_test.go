//go:build clients

package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// stepTimeout is far beyond what any step takes; a client that retries forever ends here.
const stepTimeout = 3 * time.Minute

// client is a program, how it is told of the simulator, and what it is made to do there. Settings, configuration and
// steps may name $ENDPOINT, $HOST, $KEY, $SECRET, $BUCKET, $CONFIG (the configuration's file), $OUT (an own directory) and
// $DATA (what newData makes).
type client struct {
	program string
	version string // the arguments that print its version
	// settings are lines NAME=value of its environment, which holds nothing else of the machine but PATH.
	settings string
	config   string
	// args stand before those of every step.
	args  string
	steps []step
}

// step is one command line. It runs in the directory of the data, see newData. Words are separated by spaces and there
// is no quoting; NAME=value in front of the program goes into its environment.
type step struct {
	name string
	run  string
	// refused is what the client says as it fails; empty if it must succeed.
	refused string
	// says is what the client says.
	says string
	// check, if there is one, looks at what came of it. It is given what the client printed.
	check func(s *session, printed string) error
}

var clients = []client{awscli, s3cmd, rclone, restic}

func TestMain(m *testing.M) {
	var missing []string
	for _, c := range clients {
		if _, err := findProgram(c.program); err != nil {
			missing = append(missing, c.program)
		}
	}
	if len(missing) > 0 {
		fmt.Fprintf(os.Stderr, "%s not found: apt-get install awscli s3cmd rclone restic\n", strings.Join(missing, ", "))
		os.Exit(1)
	}
	code := m.Run()
	results.print(os.Stdout)
	os.Exit(code)
}

// findProgram prefers Debian's program to another that stands before it in PATH.
func findProgram(name string) (string, error) {
	if path, err := exec.LookPath("/usr/bin/" + name); err == nil {
		return path, nil
	}
	return exec.LookPath(name)
}

// TestClients runs all clients at once against one simulator, each with buckets of its own.
func TestClients(t *testing.T) {
	w := newWorld(t)
	for _, c := range clients {
		t.Run(c.program, func(t *testing.T) {
			t.Parallel()
			s := w.newSession(t, c)
			results.version(c.program, s.version(t))
			for _, step := range c.steps {
				t.Run(step.name, func(t *testing.T) {
					err := s.take(t.Context(), step)
					results.add(c.program, step.name, err)
					if err != nil {
						t.Errorf("%s\n%v", step.run, err)
					}
				})
			}
		})
	}
}

// session is a client at work.
type session struct {
	*world
	client client
	bucket string
	out    string
	vars   map[string]string
}

func (w *world) newSession(t *testing.T, c client) *session {
	t.Helper()
	s := &session{world: w, client: c, bucket: c.program + "-backups", out: t.TempDir()}
	s.vars = map[string]string{
		"ENDPOINT": w.S3, "HOST": w.Host(), "KEY": w.Key.ID, "SECRET": w.Key.Secret,
		"BUCKET": s.bucket, "OUT": s.out, "DATA": w.data, "CONFIG": filepath.Join(s.out, "config"),
	}
	if err := os.WriteFile(s.vars["CONFIG"], []byte(s.expand(c.config)), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *session) expand(text string) string {
	return os.Expand(text, func(name string) string { return s.vars[name] })
}

func (s *session) version(t *testing.T) string {
	t.Helper()
	stdout, _, err := s.run(t.Context(), s.client.program+" "+s.client.version)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(stdout), "\n")
	return first
}

func (s *session) take(ctx context.Context, step step) error {
	stdout, stderr, err := s.run(ctx, step.run)
	said := stdout + stderr
	var exit *exec.ExitError
	switch {
	case err != nil && !errors.As(err, &exit):
		return err
	case err != nil && step.refused == "":
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(said))
	case err == nil && step.refused != "":
		return fmt.Errorf("it succeeded, expected %q", step.refused)
	case !strings.Contains(said, step.refused):
		return fmt.Errorf("refused with %q, expected %q", said, step.refused)
	case !strings.Contains(said, step.says):
		return fmt.Errorf("it said %q, expected %q", said, step.says)
	case step.check != nil:
		return step.check(s, stdout)
	}
	return nil
}

// assignment is a word in front of the program that goes into its environment.
var assignment = regexp.MustCompile(`^[A-Z][A-Z0-9_]*=`)

func (s *session) run(ctx context.Context, line string) (stdout, stderr string, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	words := strings.Fields(line)
	var env []string
	for assignment.MatchString(words[0]) {
		env, words = append(env, words[0]), words[1:]
	}
	path, err := findProgram(words[0])
	if err != nil {
		return "", "", err
	}
	args := append(strings.Fields(s.client.args), words[1:]...)
	for i := range args {
		args[i] = s.expand(args[i])
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = s.data
	cmd.Env = append(s.environment(), env...)
	var outs, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &outs, &errs
	err = cmd.Run()
	return outs.String(), errs.String(), errors.Join(err, ctx.Err())
}

// environment keeps clients from what the machine's user has configured, and the user from what they leave behind.
func (s *session) environment() []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.out, "LANG=C.UTF-8"}
	for line := range strings.Lines(s.client.settings) {
		if line = strings.TrimSpace(line); line != "" {
			env = append(env, s.expand(line))
		}
	}
	return env
}
