package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/internal/leaktest"
)

// asProgram makes the test binary behave as velero-locations, so that tests run the real
// program, in processes of its own, without building it twice.
const asProgram = "VELERO_LOCATIONS_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	leaktest.Main(m)
}

// program returns a command that runs velero-locations.
func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// TestLogFlags shows that each command takes the flags about logs, of which only servers tell in their help.
func TestLogFlags(t *testing.T) {
	for command, tells := range map[string]bool{"dev": true, "apiserver": true, "controller": true, "simulator": true, "simulator fault list": false, "backup get": false, "create schedule": false} {
		root, err := newRootCommand("velero-locations")
		if err != nil {
			t.Fatal(err)
		}
		var help bytes.Buffer
		root.SetOut(&help)
		root.SetArgs(append(strings.Fields(command), "--logging-format", "text", "-v", "1", "--help"))
		if err := root.Execute(); err != nil {
			t.Errorf("%s: %v", command, err)
		}
		if strings.Contains(help.String(), "--logging-format") != tells || !strings.Contains(help.String(), "-v, --v Level") {
			t.Errorf("%s --help:\n%s", command, help.String())
		}
	}
}

// TestLastLine shows that a program says in the format of its logs why it ends.
func TestLastLine(t *testing.T) {
	const reason = "reading the simulator's configuration: open /none: no such file or directory"
	name := filepath.Base(os.Args[0])
	for format, want := range map[string]string{"json": `,"msg":"` + name + ` ends","err":"` + reason + `"}`, "text": name + ": " + reason} {
		out, err := program(t.Context(), "simulator", "--config", "/none", "--logging-format", format).CombinedOutput()
		if err == nil || strings.Count(string(out), "\n") != 1 || !strings.HasSuffix(string(out), want+"\n") || json.Valid(out) != (format == "json") {
			t.Errorf("%s: %v, %s, want %s", format, err, out, want)
		}
	}
}

// server is a `velero-locations dev` in a process of its own.
type server struct {
	devtest.Server
	process *exec.Cmd
	exited  chan error
	output  *bytes.Buffer
}

func newServer(dir string) *server {
	return &server{
		Server: devtest.Server{Dir: dir, Env: []string{asProgram + "=1"}}, exited: make(chan error, 1), output: &bytes.Buffer{},
	}
}

// startDev starts a server on a data directory and waits until it has written its environment.
func startDev(t testing.TB, dir string, flags ...string) *server {
	t.Helper()
	return startDevCommand(t, dir, devCommand(dir, flags...))
}

func devCommand(dir string, flags ...string) *exec.Cmd {
	args := []string{"dev", "--data-dir", dir, "--port", "0", "--s3-address", "127.0.0.1:0", "--ec2-address", "127.0.0.1:0", "--clouds-address", "127.0.0.1:0", "--simulator-control-address", "127.0.0.1:0"}
	return program(context.Background(), append(args, flags...)...)
}

func startDevCommand(t testing.TB, dir string, command *exec.Cmd) *server {
	t.Helper()
	s := newServer(dir)
	s.process = command
	s.process.Stdout, s.process.Stderr = s.output, s.output
	if err := os.Remove(filepath.Join(dir, "env")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.exited <- s.process.Wait() }()
	t.Cleanup(func() { s.signal(t, syscall.SIGKILL) })

	devtest.Poll(t, time.Minute, "the server to write its environment", func() bool {
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
