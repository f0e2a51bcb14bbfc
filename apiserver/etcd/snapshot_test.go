package etcd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/internal/bounded"
)

// snapshotOf returns a file with a snapshot that has one key.
func snapshotOf(t *testing.T) string {
	t.Helper()
	server := start(t, t.TempDir())
	defer server.Close()
	if _, err := client(t, server).Put(t.Context(), "key", "value"); err != nil {
		t.Fatal(err)
	}
	var saved bytes.Buffer
	if err := server.Snapshot(&saved); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "snapshot")
	if err := os.WriteFile(file, saved.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRestoreAfterInterruption shows that what a killed restoration left does not keep the next one from being made.
func TestRestoreAfterInterruption(t *testing.T) {
	file, dir := snapshotOf(t), t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, restoring, "member", "wal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), file, dir); err != nil {
		t.Fatal(err)
	}

	server := start(t, dir)
	defer server.Close()
	got, err := client(t, server).Get(t.Context(), "key")
	if err != nil || len(got.Kvs) != 1 || string(got.Kvs[0].Value) != "value" {
		t.Errorf("the key holds %v, %v", got, err)
	}
	if got.Header.Revision < revisionBump {
		t.Errorf("the revision is %d, which a client may have seen", got.Header.Revision)
	}
}

// TestInterruptedRestore interrupts restorations before and while etcd copies: each is made whole, or nothing is left of it.
func TestInterruptedRestore(t *testing.T) {
	file := snapshotOf(t)
	for begun := range 5 {
		dir := t.TempDir()
		ctx, interrupt := context.WithCancel(t.Context())
		watched := make(chan struct{})
		if begun == 0 {
			interrupt()
		}
		go func() {
			defer close(watched)
			for ctx.Err() == nil {
				if _, err := os.Stat(filepath.Join(dir, restoring)); err == nil {
					interrupt()
				}
			}
		}()
		err := Restore(ctx, file, dir)
		interrupt()
		<-watched
		_, restored := os.Stat(filepath.Join(dir, dataDir))
		if (err == nil) != (restored == nil) || err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("round %d: it ended with %v, and its data are there: %v", begun, err, restored == nil)
		}
		if _, err := os.Stat(filepath.Join(dir, restoring)); !os.IsNotExist(err) {
			t.Errorf("round %d: something is left: %v", begun, err)
		}
	}
}

// TestRestoreWithoutEnd names a device, and what is too large: nothing of them is read, and nothing made.
func TestRestoreWithoutEnd(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	if err := errors.Join(os.WriteFile(large, nil, 0o600), os.Truncate(large, bounded.Archive+1)); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"/dev/zero": "reading the snapshot: /dev/zero is a device: name a regular file, since it is read more than once",
		large:       "reading the snapshot: " + large + " is larger than 65536 MiB, which is the most that is read of it",
	} {
		dir := filepath.Join(t.TempDir(), "etcd")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // which bounds what a failure would write
		if err := Restore(ctx, file, dir); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		cancel()
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("for %s a directory was made: %v", file, err)
		}
	}
}

// TestCopySnapshot refuses what is no snapshot.
func TestCopySnapshot(t *testing.T) {
	for _, content := range []string{"", "short", strings.Repeat("long", 100)} {
		if size, err := CopySnapshot(io.Discard, strings.NewReader(content)); err == nil || int(size) != len(content) || !strings.Contains(err.Error(), "its checksum is wrong after") {
			t.Errorf("%q: %d bytes, %v", content, size, err)
		}
	}
}
