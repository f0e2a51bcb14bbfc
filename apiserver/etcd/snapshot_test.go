package etcd

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestRestoreAfterInterruption shows that what a killed restoration left does not keep the next one from being made.
func TestRestoreAfterInterruption(t *testing.T) {
	server := start(t, t.TempDir())
	if _, err := client(t, server).Put(t.Context(), "key", "value"); err != nil {
		t.Fatal(err)
	}
	var saved bytes.Buffer
	if err := server.Snapshot(&saved); err != nil {
		t.Fatal(err)
	}
	server.Close()
	file, dir := filepath.Join(t.TempDir(), "snapshot"), t.TempDir()
	if err := os.WriteFile(file, saved.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, restoring, "member", "wal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Restore(file, dir); err != nil {
		t.Fatal(err)
	}

	server = start(t, dir)
	defer server.Close()
	got, err := client(t, server).Get(t.Context(), "key")
	if err != nil || len(got.Kvs) != 1 || string(got.Kvs[0].Value) != "value" {
		t.Errorf("the key holds %v, %v", got, err)
	}
	if got.Header.Revision < revisionBump {
		t.Errorf("the revision is %d, which a client may have seen", got.Header.Revision)
	}
}
