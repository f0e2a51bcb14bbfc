package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// asProgram makes the test binary behave as velero-locations, so that tests run the real
// program, in processes of its own, without building it twice.
const asProgram = "VELERO_LOCATIONS_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program returns a command that runs velero-locations.
func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// server is a `velero-locations dev` in a process of its own.
type server struct {
	dir     string
	process *exec.Cmd
	exited  chan error
	output  *bytes.Buffer
}

// startDev starts a server on a data directory and waits until it has written its environment.
func startDev(t testing.TB, dir string, flags ...string) *server {
	t.Helper()
	s := &server{dir: dir, exited: make(chan error, 1), output: &bytes.Buffer{}}
	args := []string{"dev", "--data-dir", dir, "--port", "0", "--s3-address", "127.0.0.1:0", "--ec2-address", "127.0.0.1:0", "--clouds-address", "127.0.0.1:0", "--simulator-control-address", "127.0.0.1:0"}
	s.process = program(context.Background(), append(args, flags...)...)
	s.process.Stdout, s.process.Stderr = s.output, s.output
	if err := os.Remove(filepath.Join(dir, "env")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.exited <- s.process.Wait() }()
	t.Cleanup(func() { s.signal(t, syscall.SIGKILL) })

	s.poll(t, time.Minute, "the server to write its environment", func() bool {
		select {
		case err := <-s.exited:
			t.Fatalf("the server ended: %v\n%s", err, s.output)
		default:
		}
		_, err := os.Stat(filepath.Join(dir, "env"))
		return err == nil
	})
	return s
}

// signal ends the server and waits until it is gone.
func (s *server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if s.process.ProcessState != nil {
		return
	}
	if err := s.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	err := <-s.exited
	if signal == syscall.SIGTERM && err != nil {
		t.Errorf("after SIGTERM the server ended with %v\n%s", err, s.output)
	}
	s.exited <- err
}

func (s *server) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

// poll asks until the answer is yes.
func (s *server) poll(t testing.TB, timeout time.Duration, what string, ok func() bool) {
	t.Helper()
	err := wait.PollUntilContextTimeout(context.Background(), 20*time.Millisecond, timeout, true, func(context.Context) (bool, error) {
		return ok(), nil
	})
	if err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

// kubectlCommand returns a command that runs kubectl against the server.
func (s *server) kubectlCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := program(ctx, append([]string{"kubectl"}, args...)...)
	cmd.Env = append(cmd.Env, "KUBECONFIG="+s.path("kubeconfig"))
	return cmd
}

// result of a command.
type result struct {
	stdout, stderr string
	code           int
}

func (s *server) run(t testing.TB, stdin string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := s.kubectlCommand(ctx, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// kubectl runs a command that must succeed and returns what it prints.
func (s *server) kubectl(t testing.TB, args ...string) string {
	t.Helper()
	return s.kubectlWith(t, "", args...)
}

// kubectlWith is kubectl with a standard input.
func (s *server) kubectlWith(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	got := s.run(t, stdin, args...)
	if got.code != 0 {
		t.Fatalf("kubectl %s: exit code %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// location is the manifest of a backup storage location.
func location(name, region, secret, prefix string) string {
	manifest := fmt.Sprintf(`---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata:
  name: %s
  namespace: velero
spec:
  provider: aws
  config: {region: %s}
  objectStorage:
    bucket: velero-backups
`, name, region)
	if prefix != "" {
		manifest += fmt.Sprintf("    prefix: %s\n", prefix)
	}
	if secret != "" {
		manifest += fmt.Sprintf("  credential: {name: %s, key: cloud}\n", secret)
	}
	return manifest
}

func wantContains(t testing.TB, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("got\n%s\nwant it to contain %q", got, w)
		}
	}
}
