package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/internal/damagetest"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// TestSimulatorCheck looks at a directory that is good, in use, damaged, and of something else.
func TestSimulatorCheck(t *testing.T) {
	dir := t.TempDir()
	check := func(wantCode int, want string) {
		t.Helper()
		cmd := program(t.Context(), "simulator", "check", dir)
		out, err := cmd.CombinedOutput()
		if _, is := err.(*exec.ExitError); err != nil && !is { //nolint:errorlint // Run wraps nothing
			t.Fatal(err)
		}
		if code := cmd.ProcessState.ExitCode(); code != wantCode || !strings.Contains(string(out), want) {
			t.Errorf("exit code %d, %s\nwant %d, %s", code, out, wantCode, want)
		}
	}
	check(1, "is not the data directory of a simulator")
	sim, err := simulator.New(simulator.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	check(1, "is in use by a simulator: stop it first")
	if err := sim.Close(); err != nil {
		t.Fatal(err)
	}
	check(0, dir+" is in good order\n")

	objects, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := objects.CreateBucket("velero", "us-east-1", "111111111111", store.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b"} {
		if _, err := bucket.Put(key, store.Write{Body: strings.NewReader(strings.Repeat(key, 100_000))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := objects.Close(); err != nil {
		t.Fatal(err)
	}
	for _, file := range damagetest.Files(t, filepath.Join(dir, "content")) {
		damagetest.FlippedInTheMiddle().Do(t, filepath.Join(dir, "content", file))
	}
	check(1, `: object "b" of bucket velero in us-east-1, version null: the content on disk is not what was written: its checksum is `)
	check(1, "problems in "+dir+": 2\n")
}
