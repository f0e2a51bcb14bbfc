//go:build clients

package clients

import (
	"math/rand"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator"
)

const (
	homeRegion  = "us-east-1"
	otherRegion = "eu-west-1"
)

var (
	ownKey   = simulator.AccessKeyConfig{ID: "AKIACLIENT", Secret: "client/secret+"}
	otherKey = simulator.AccessKeyConfig{ID: "AKIAOTHER", Secret: "other secret"}
)

// world is a simulator with what clients take there.
type world struct {
	server *httptest.Server
	data   string
	// inspector sees what clients have stored, and is none of them.
	inspector *minio.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	sim, err := simulator.New(simulator.Config{
		Regions: []string{homeRegion, otherRegion},
		DataDir: filepath.Join(t.TempDir(), "state"),
		Accounts: []simulator.AccountConfig{
			{ID: "111111111111", AccessKeys: []simulator.AccessKeyConfig{ownKey}},
			{ID: "222222222222", AccessKeys: []simulator.AccessKeyConfig{otherKey}, Buckets: []simulator.BucketConfig{{Name: "not-yours"}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{server: httptest.NewServer(sim.Handler()), data: newData(t)}
	t.Cleanup(func() {
		w.server.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	w.inspector, err = minio.New(w.host(), &minio.Options{
		Creds: credentials.NewStaticV4(ownKey.ID, ownKey.Secret, ""), Region: homeRegion, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) host() string { return strings.TrimPrefix(w.server.URL, "http://") }

// newData makes the files that clients store: empty, small, large, and a tree with names that need encoding. 9 MiB is
// more than awscli sends in one piece.
func newData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	random := rand.New(rand.NewSource(1))
	for name, size := range map[string]int{
		"empty": 0, "small": 100, "large": 64 << 20,
		"tree/a": 1, "tree/empty": 0, "tree/deep/er/b": 1000, "tree/nine": 9 << 20,
		"tree/sub dir/plus+and&percent%41.txt": 10, "tree/sub dir/é ü ~'(x)!=@,;:.txt": 11,
	} {
		content := make([]byte, size)
		_, _ = random.Read(content) // never fails
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
