package etcd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/util/wait"
)

func start(t testing.TB, dir string) *Server {
	t.Helper()
	options := NewOptions()
	options.Dir = dir
	server, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

func client(t *testing.T, server *Server) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, DialTimeout: 10 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestKeepsData(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	if _, err := client(t, server).Put(t.Context(), "key", "value"); err != nil {
		t.Fatal(err)
	}
	server.Close()

	server = start(t, dir)
	defer server.Close()
	got, err := client(t, server).Get(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Kvs) != 1 || string(got.Kvs[0].Value) != "value" {
		t.Errorf("after a restart the key holds %v, want value", got.Kvs)
	}
}

func TestLongDirectory(t *testing.T) {
	server := start(t, filepath.Join(t.TempDir(), strings.Repeat("long", 30)))
	defer server.Close()
	if _, err := client(t, server).Put(t.Context(), "key", "value"); err != nil {
		t.Fatal(err)
	}
}

func TestClosedToOthers(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	server := start(t, dir)
	defer server.Close()
	socket := strings.TrimPrefix(server.Endpoint(), "unix://")
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Dir(socket))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's directory has mode %v, want 0700", info.Mode().Perm())
	}
	if clients, peers := len(server.etcd.Clients), len(server.etcd.Peers); clients != 1 || peers != 0 {
		t.Errorf("etcd has %d client and %d peer listeners, want only the socket", clients, peers)
	}
}

func TestRefusesDirectory(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  string
	}{
		"in use": {func(t *testing.T, dir string) { t.Cleanup(start(t, dir).Close) }, "is in use by another process"},
		"damaged database": {func(t *testing.T, dir string) {
			start(t, dir).Close()
			overwrite(t, filepath.Join(dir, "data", "member", "snap", "db"))
		}, "restore a copy of that directory"},
		"damaged log": {func(t *testing.T, dir string) {
			start(t, dir).Close()
			logs, err := filepath.Glob(filepath.Join(dir, "data", "member", "wal", "*.wal"))
			if err != nil || len(logs) == 0 {
				t.Fatalf("no log found: %v", err)
			}
			overwrite(t, logs[0])
		}, "restore a copy of that directory"},
		"a file": {func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(busyDir(t), "etcd")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			test.spoil(t, dir)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			options := NewOptions()
			options.Dir = dir
			server, err := Start(ctx, options)
			if err == nil {
				server.Close()
				t.Fatal("etcd started")
			}
			if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %q, want one line with %q", err, test.want)
			}
		})
	}
}

// busyDir is a temporary directory that may still be written to when the test ends: an etcd that
// fails to start leaves behind what it had begun.
func busyDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "etcd-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		err := wait.PollUntilContextCancel(ctx, 10*time.Millisecond, true, func(context.Context) (bool, error) {
			return os.RemoveAll(dir) == nil, nil
		})
		if err != nil {
			t.Errorf("removing %s: %v", dir, err)
		}
	})
	return dir
}

// overwrite fills a file's first 8 KiB with bytes that mean nothing.
func overwrite(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte(strings.Repeat("spoilt! ", 1024)), 0); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}
