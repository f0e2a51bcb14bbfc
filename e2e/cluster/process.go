package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a process may take to be ready, or to end.
const patience = time.Minute

// process is a program that runs in the background and writes a log.
type process struct {
	name, log string
	cmd       *exec.Cmd
	exited    chan struct{}
	err       error // once exited is closed
}

// start runs a program until the test ends. Its log is DIR/logs/NAME.log; a program that is started again goes on with it.
func (c *Cluster) start(tb testing.TB, name, path string, args ...string) *process {
	tb.Helper()
	p := &process{name: name, log: c.Path("logs", name+".log"), cmd: exec.CommandContext(context.Background(), path, args...), exited: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		p.err = errors.Join(p.cmd.Wait(), log.Close())
		close(p.exited)
	}()
	tb.Cleanup(func() { p.end(tb, syscall.SIGKILL) })
	return p
}

// stop asks the program to end and waits until it has done so, without an error.
func (p *process) stop(tb testing.TB) {
	tb.Helper()
	p.end(tb, syscall.SIGTERM)
	if p.err != nil {
		tb.Errorf("%s ended with %v\n%s", p.name, p.err, p.lastWords())
	}
}

func (p *process) end(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		tb.Errorf("ending %s: %v", p.name, err)
	}
	p.wait(tb)
}

// wait waits until the program has ended.
func (p *process) wait(tb testing.TB) {
	tb.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		tb.Fatalf("%s does not end\n%s", p.name, p.lastWords())
	}
}

// await polls until the program is ready. A program that ends before fails the test with the end of its log.
func (p *process) await(tb testing.TB, ready func() error) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := ready()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("%s is not ready: %v\n%s", p.name, err, p.lastWords())
		}
		select {
		case <-p.exited:
			tb.Fatalf("%s ended: %v\n%s", p.name, p.err, p.lastWords())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lastWords are the last lines of the log.
func (p *process) lastWords() string {
	const most = 20
	log, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfter(string(log), "\n")
	return fmt.Sprintf("%s ends with\n%s", p.log, strings.Join(lines[max(0, len(lines)-most):], ""))
}
