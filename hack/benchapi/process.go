package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long a process may take to be ready, to restore what is measured, or to end.
const patience = 20 * time.Minute

// process is a program that runs in the background and writes a log.
type process struct {
	name   string
	log    string // its file
	cmd    *exec.Cmd
	exited chan struct{}
}

// start starts a program. Its log is DIR/NAME.log; a program that is started again goes on with it.
func start(ctx context.Context, dir, name, path string, args ...string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{name: name, log: log.Name(), cmd: exec.CommandContext(ctx, path, args...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", name, err), log.Close())
	}
	go func() {
		_ = p.cmd.Wait() // the log says why
		_ = log.Close()
		close(p.exited)
	}()
	return p, nil
}

// await waits until the process answers at a URL.
func (p *process) await(ctx context.Context, client *http.Client, url string) error {
	return p.awaits(ctx, func(ctx context.Context) error { return exchange(ctx, client, http.MethodGet, url, "", nil) })
}

// awaits waits until the process is ready.
func (p *process) awaits(ctx context.Context, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s has ended: %s", p.name, p.lastWord())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", p.name, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lastWord is the last line of the log.
func (p *process) lastWord() string {
	log, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return lines[len(lines)-1]
}

// stop ends the process as Kubernetes does, and waits for that.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", p.name, err)
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill() // it is gone, or hears nothing else
		<-p.exited
	}
	return nil
}

// usage is what a process has used so far, as Linux counts it.
type usage struct {
	cpu time.Duration
	// In bytes. What is anonymous is no file that is mapped, as etcd's is.
	resident, anonymous, peak int64
}

// tick is the unit in which Linux tells processor time.
const tick = 10 * time.Millisecond

func (p *process) usage() (usage, error) {
	folder := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		return usage{}, fmt.Errorf("reading the processor time of %s: %w", p.name, err)
	}
	status, err := os.ReadFile(filepath.Join(folder, "status"))
	if err != nil {
		return usage{}, fmt.Errorf("reading the memory of %s: %w", p.name, err)
	}
	var u usage
	// The name, which may hold anything, ends with the last parenthesis. Times in user and kernel mode are the 12th and 13th value after it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return usage{}, fmt.Errorf("reading the processor time of %s: %w", p.name, err)
		}
		u.cpu += time.Duration(ticks) * tick
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) != 3 {
			continue
		}
		kib, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "VmRSS:":
			u.resident = kib << 10
		case "RssAnon:":
			u.anonymous = kib << 10
		case "VmHWM:":
			u.peak = kib << 10
		}
	}
	return u, nil
}
