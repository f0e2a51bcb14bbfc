package etcd

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/velero-locations/velero-locations/internal/damagetest"
)

const damagedKeys = 200

func dial(tb testing.TB, server *Server) *clientv3.Client {
	tb.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, DialTimeout: 10 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = client.Close() })
	return client
}

// dataOf writes keys, and copies the data as a kill leaves them, and as a stop does.
func dataOf(tb testing.TB) (killed, stopped string) {
	tb.Helper()
	dir := filepath.Join(busyDir(tb), "etcd")
	killed, stopped = filepath.Join(busyDir(tb), "killed"), filepath.Join(busyDir(tb), "stopped")
	server := start(tb, dir)
	client := dial(tb, server)
	for i := range damagedKeys {
		if _, err := client.Put(tb.Context(), fmt.Sprintf("key-%03d", i), strings.Repeat(fmt.Sprintf("value-%03d ", i), 40)); err != nil {
			tb.Fatal(err)
		}
	}
	// The database is written some time after the log.
	time.Sleep(300 * time.Millisecond)
	damagetest.Copy(tb, dir, killed)
	server.Close()
	damagetest.Copy(tb, dir, stopped)
	return killed, stopped
}

// lost says what of that which fill wrote is not there, and whether one can write.
func lost(tb testing.TB, server *Server) string {
	tb.Helper()
	client := dial(tb, server)
	ctx, cancel := context.WithTimeout(tb.Context(), 5*time.Second)
	defer cancel()
	for i := range damagedKeys {
		key := fmt.Sprintf("key-%03d", i)
		got, err := client.Get(ctx, key)
		switch {
		case err != nil:
			return fmt.Sprintf("%s: %v", key, err)
		case len(got.Kvs) == 0:
			return key + " is gone"
		case string(got.Kvs[0].Value) != strings.Repeat(fmt.Sprintf("value-%03d ", i), 40):
			return key + " has another value"
		}
	}
	if _, err := client.Put(ctx, "new", "value"); err != nil {
		return fmt.Sprintf("writing: %v", err)
	}
	return ""
}

// TestDamage damages each file in each way, after a stop and after a kill. etcd starts with all that was acknowledged and takes
// writes, or is refused soon, on one line that names the file, and then nothing has changed. With DAMAGE=all in the environment it does
// so with each file; otherwise the database and the log are those that get everything.
func TestDamage(t *testing.T) {
	killed, stopped := dataOf(t)
	log := filepath.Join(logDir, "0000000000000000-0000000000000000.wal")
	variants := 0
	for state, good := range map[string]string{"killed": killed, "stopped": stopped} {
		for _, file := range damagetest.Files(t, good) {
			for _, damage := range damagetest.All() {
				if os.Getenv("DAMAGE") != "all" && file != database && file != log && damage.Name != "garbled" && damage.Name != "missing" {
					continue
				}
				variants++
				t.Run(state+" "+file+" "+damage.Name, func(t *testing.T) {
					dir := filepath.Join(busyDir(t), "etcd")
					damagetest.Copy(t, good, dir)
					damage.Do(t, filepath.Join(dir, file))
					before := damagetest.Contents(t, dir)
					ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
					defer cancel()
					options := NewOptions()
					options.Dir = dir
					server, err := Start(ctx, options)
					if err == nil {
						defer server.Close()
						switch lost := lost(t, server); {
						case lost == "":
						case state == "killed" && file == database && strings.Contains(lost, "has another value"):
							t.Logf("%s: nothing holds a checksum of it", lost)
						default:
							t.Errorf("lost in silence: %s", lost)
						}
						return
					}
					named := filepath.Join(dir, file)
					if file == log && damage.Name == "missing" {
						named = filepath.Dir(named)
					}
					if !strings.Contains(err.Error(), named) || strings.Contains(err.Error(), "\n") {
						t.Errorf("not one line that names the file: %v", err)
					}
					if !maps.Equal(before, damagetest.Contents(t, dir)) {
						t.Error("the refused start changed the directory")
					}
				})
			}
		}
	}
	t.Logf("%d variants of damage", variants)
}

// TestKilledFirstStart starts where a first start was killed before it had a log: nothing can be lost yet.
func TestKilledFirstStart(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"no database":    os.Remove,
		"an empty one":   func(path string) error { return os.Truncate(path, 0) },
		"half of a page": func(path string) error { return os.Truncate(path, 100) },
	} {
		dir := filepath.Join(busyDir(t), "etcd")
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, database)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, database), make([]byte, 200), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := damage(filepath.Join(dir, database)); err != nil {
			t.Fatal(err)
		}
		if err := inspect(dir); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
