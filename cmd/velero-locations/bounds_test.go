package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/internal/bounded"
)

// TestBoundedFiles names files without an end: each command ends, and says which bound was passed or what kind of file is needed.
func TestBoundedFiles(t *testing.T) {
	for args, want := range map[string]string{
		"simulator --config /dev/zero":                                                     "/dev/zero is larger than 16 MiB",
		"controller --kubeconfig /dev/zero":                                                "/dev/zero is a device: name a regular file",
		"etcd snapshot x --kubeconfig /dev/zero":                                           "/dev/zero is a device: name a regular file",
		"migrate export x --kubeconfig /dev/zero":                                          "/dev/zero is a device: name a regular file",
		"backup get --kubeconfig /dev/zero":                                                "/dev/zero is a device: name a regular file",
		"apiserver --kubeconfig /dev/zero":                                                 "--kubeconfig: /dev/zero is a device",
		"etcd restore /dev/zero --embedded-etcd-dir " + filepath.Join(t.TempDir(), "etcd"): "reading the snapshot: /dev/zero is a device: name a regular file",
		"backup-location set x --server http://127.0.0.1:1 --cacert /dev/zero":             "--cacert: /dev/zero is larger than 16 MiB",
		"simulator key add --account 111111111111 --policy /dev/zero":                      "--policy: /dev/zero is larger than 16 MiB",
	} {
		cmd := program(t.Context(), strings.Fields(args)...)
		cmd.Env = append(cmd.Env, "VELERO_LOCATIONS_SIMULATOR=http://127.0.0.1:1")
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, %s; want %q", args, err, out, want)
		}
	}
}

// TestInterruptedRestoration interrupts a restoration while it reads a snapshot that is long, of nothing.
func TestInterruptedRestoration(t *testing.T) {
	file, dir := filepath.Join(t.TempDir(), "snapshot"), filepath.Join(t.TempDir(), "etcd")
	if err := errors.Join(os.WriteFile(file, nil, 0o600), os.Truncate(file, bounded.Archive)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := program(ctx, "etcd", "restore", file, "--embedded-etcd-dir", dir)
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	devtest.Poll(t, 10*time.Second, "the restoration to begin", func() bool {
		_, err := os.Stat(filepath.Join(dir, "lock"))
		return err == nil
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || ctx.Err() != nil || !strings.Contains(out.String(), "restoring "+file+": reading the snapshot: terminated") {
		t.Errorf("%v, %s", err, &out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("there are %v, %v, want the lock alone", left, err)
	}
}

// TestInterruptedReading interrupts commands that wait for what nobody writes.
func TestInterruptedReading(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for args, says := range map[string]string{
		"simulator --config " + pipe:                                   pipe + ": interrupted while it was read",
		"simulator volumes write vol-1 - --control http://127.0.0.1:1": "interrupted while it was read",
		"kubectl create -f -":                                          "",
	} {
		cmd := program(t.Context(), strings.Fields(args)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(args, pipe) {
			writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // which waits for a reader
			if err != nil {
				t.Fatal(err)
			}
			defer writer.Close()
		} else if _, err := stdin.Write(bytes.Repeat([]byte(" "), 100_000)); err != nil { // more than fits before somebody reads
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill() // it may have ended
			<-ended
			t.Errorf("%s: it went on after SIGTERM", args)
		}
		if !strings.Contains(out.String(), says) {
			t.Errorf("%s: %s, want %q", args, out.String(), says)
		}
	}
}
