//go:build clients

package clients

import (
	"math/rand"
	"os"
	"path/filepath"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

const (
	homeRegion  = "us-east-1"
	otherRegion = "eu-west-1"
)

// world is a simulator with what clients take there.
type world struct {
	*simulatortest.Simulator
	data string
	// inspector sees what clients have stored, and is none of them.
	inspector *minio.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	sim := simulatortest.Start(t, func(config *simulator.Config) {
		config.Regions = []string{homeRegion, otherRegion}
		config.DataDir = filepath.Join(t.TempDir(), "state")
		config.Accounts = append(config.Accounts, simulator.AccountConfig{
			ID: "222222222222", Buckets: []simulator.BucketConfig{{Name: "not-yours"}},
		})
	})
	inspector, err := minio.New(sim.Host(), &minio.Options{
		Creds: credentials.NewStaticV4(sim.Key.ID, sim.Key.Secret, ""), Region: homeRegion, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &world{sim, newData(t), inspector}
}

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
