package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/internal/damagetest"
)

// decidedWithin is how long a start may take that ends with a reason, on a machine that does other things as well.
const decidedWithin = 10 * time.Second

// remade are the files that a start writes anew, whatever is there.
var remade = []string{"accounts", "credentials", "env", "kubeconfig", "simulator-ca.pem"}

// damagedDirs makes data directories as a stop leaves them, and as a kill does.
func damagedDirs(t *testing.T) map[string]string {
	t.Helper()
	dirs := map[string]string{}
	for name, signal := range map[string]syscall.Signal{"stopped": syscall.SIGTERM, "killed": syscall.SIGKILL} {
		dir := t.TempDir()
		s := startDev(t, dir)
		s.KubectlWith(t, "kind: ConfigMap\napiVersion: v1\nmetadata: {name: kept, namespace: velero}\ndata: {text: hello}\n", "apply", "-f", "-")
		time.Sleep(300 * time.Millisecond) // etcd writes its database some time after its log
		s.signal(t, signal)
		dirs[name] = dir
	}
	return dirs
}

// TestDamagedDev damages files of dev's directory. Each start works, with what was there, or ends soon with one line that names the
// file. With DAMAGE=all in the environment it does so with each file, after a stop and after a kill: about ten minutes. What the
// simulator and etcd hold has tests of its own.
func TestDamagedDev(t *testing.T) {
	t.Parallel()
	all := os.Getenv("DAMAGE") == "all"
	variants := 0
	for state, good := range damagedDirs(t) {
		for _, file := range damagetest.Files(t, good) {
			for _, damage := range damagetest.All() {
				own := filepath.Dir(file) == "." && !slices.Contains(remade, file)
				quick := state == "stopped" && own && slices.Contains([]string{"missing", "cut to half", "flipped in the middle"}, damage.Name)
				if !all && !quick {
					continue
				}
				variants++
				t.Run(state+" "+file+" "+damage.Name, func(t *testing.T) {
					dir := filepath.Join(t.TempDir(), "data")
					damagetest.Copy(t, good, dir)
					damage.Do(t, filepath.Join(dir, file))
					startDamaged(t, dir, file)
				})
			}
		}
	}
	t.Logf("%d variants of damage", variants)
}

// startDamaged starts dev on a directory in which a file is damaged.
func startDamaged(t *testing.T, dir, file string) {
	t.Helper()
	s := newServer(dir)
	env := filepath.Join(dir, "env")
	if info, err := os.Stat(env); err == nil && !info.IsDir() {
		if err := os.Remove(env); err != nil {
			t.Fatal(err)
		}
	}
	s.process = program(context.Background(), "dev", "--data-dir", dir, "--port", "0", "--s3-address", "127.0.0.1:0",
		"--ec2-address", "127.0.0.1:0", "--clouds-address", "127.0.0.1:0", "--simulator-control-address", "127.0.0.1:0")
	s.process.Stdout, s.process.Stderr = s.output, s.output
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.exited <- s.process.Wait() }()
	t.Cleanup(func() { s.signal(t, syscall.SIGKILL) })

	deadline := time.After(decidedWithin)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-s.exited:
			s.exited <- err
			said := strings.TrimSpace(s.output.String())
			if err == nil || strings.Contains(said, "\n") || !strings.Contains(said, filepath.Join(dir, filepath.Dir(file))) {
				t.Errorf("it ended (%v) and said %q, want one line that names the file", err, said)
			}
			return
		case <-deadline:
			t.Errorf("it hangs")
			return
		case <-tick.C:
			if info, err := os.Stat(env); err != nil || info.IsDir() {
				continue
			}
			if got := s.Kubectl(t, "get", "configmap", "kept", "-n", "velero", "-o", "jsonpath={.data.text}"); got != "hello" {
				t.Errorf("lost in silence: the config map has %q", got)
			}
			s.signal(t, syscall.SIGTERM)
			if strings.Contains(s.output.String(), "goroutine ") {
				t.Errorf("it works, and says %s", s.output)
			}
			return
		}
	}
}
