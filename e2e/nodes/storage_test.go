//go:build kind

package nodes

import (
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/e2e/cluster"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// bucket has the same name in all regions.
const bucket = "velero-backups"

// place is where a location's data is, and whose it is.
type place struct{ location, folder, region, account, id string }

var (
	east   = place{"default", "east", "us-east-1", "primary", "111111111111"}
	west   = place{"west", "west", "eu-west-1", "secondary", "222222222222"}
	places = []place{east, west}
)

// storage is what the simulator has, and was asked, from a moment on.
type storage struct {
	*cluster.Kind
	control   *control.Client
	prefix    string
	after     uint64
	snapshots []string // those that there were
}

// begin marks the moment.
func (s *storage) begin(t *testing.T) {
	t.Helper()
	for _, entry := range s.journal(t) {
		s.after = entry.Sequence
	}
	for _, snapshot := range s.allSnapshots(t) {
		s.snapshots = append(s.snapshots, snapshot.ID)
	}
}

func (s *storage) journal(t *testing.T) []journal.Entry {
	t.Helper()
	return cluster.Journal(t, s.control, journal.Filter{After: s.after})
}

func (s *storage) allSnapshots(t *testing.T) []control.SnapshotInfo {
	t.Helper()
	snapshots, err := s.control.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(snapshots, func(each control.SnapshotInfo) bool { return slices.Contains(s.snapshots, each.ID) })
}

// wantSnapshot checks that the plugin took a snapshot of the volume of EBS, and of no other.
func (s *storage) wantSnapshot(t *testing.T, backup string) {
	t.Helper()
	var of []string
	for _, snapshot := range s.allSnapshots(t) {
		if snapshot.Tags["velero.io/backup"] == backup {
			of = append(of, snapshot.Volume+" in "+snapshot.Region+" of "+snapshot.Account)
		}
	}
	if want := cluster.Volume + " in us-east-1 of 111111111111"; len(of) != 1 || of[0] != want {
		t.Errorf("backup %s has snapshots of %v, want %s", backup, of, want)
	}
}

// wantRepositories checks that each location has a repository of the namespace, where it is documented to be.
func (s *storage) wantRepositories(t *testing.T) {
	t.Helper()
	for _, p := range places {
		got := s.Kubectl(t, "get", "backuprepositories.velero.io", "-n", "velero", "-l", "velero.io/storage-location="+p.location,
			"-o", `jsonpath={range .items[*]}{.spec.volumeNamespace} {.spec.repositoryType} {.status.phase}{"\n"}{end}`)
		if got != "shop kopia Ready\n" {
			t.Errorf("location %s has the repositories\n%s", p.location, got)
		}
		if keys := s.keys(t, p); !slices.ContainsFunc(keys, func(key string) bool { return key == s.folder(p)+"kopia/shop/kopia.repository" }) {
			t.Errorf("in %s of location %s there is no repository: %q", p.region, p.location, keys)
		}
	}
}

// folder is what all keys of a location begin with.
func (s *storage) folder(p place) string { return s.prefix + "/" + p.folder + "/" }

// keys are all that is in the bucket of a location, as far as it was made by this installation.
func (s *storage) keys(t *testing.T, p place) []string {
	t.Helper()
	var keys []string
	for object := range s.S3(t, p.region, p.account).ListObjectsIter(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			t.Fatal(object.Err)
		}
		keys = append(keys, object.Key)
	}
	return slices.DeleteFunc(keys, func(key string) bool {
		return slices.ContainsFunc(installations, func(way installation) bool { return way.name != s.prefix && strings.HasPrefix(key, way.name+"/") })
	})
}

// wantPrefixes checks that nothing is in the buckets outside of the prefixes, that in each there is nothing but backups, restores and
// repositories, and that nobody asked for anything else, or as anybody else.
func (s *storage) wantPrefixes(t *testing.T) {
	t.Helper()
	for _, p := range places {
		for _, key := range s.keys(t, p) {
			rest, within := strings.CutPrefix(key, s.folder(p))
			if folder, _, _ := strings.Cut(rest, "/"); !within || !slices.Contains([]string{"backups", "restores", "kopia"}, folder) {
				t.Errorf("in %s there is %s", p.region, key)
			}
		}
	}
	asked := map[string]int{}
	for _, entry := range s.journal(t) {
		if !strings.HasPrefix(entry.Operation, "s3:") || entry.Key == "" {
			continue
		}
		within := slices.ContainsFunc(places, func(p place) bool {
			return entry.Account == p.id && entry.Region == p.region && strings.HasPrefix(entry.Key, s.folder(p))
		})
		if !within {
			t.Errorf("%s of %s in %s of account %s", entry.Operation, entry.Key, entry.Region, entry.Account)
		}
		asked[entry.Account]++
	}
	if len(asked) != len(places) {
		t.Errorf("the storage was asked %v times by accounts", asked)
	}
}

// wantDeleted checks that nothing of a backup is left but the repository, which others use.
func (s *storage) wantDeleted(t *testing.T, backup string) {
	t.Helper()
	for _, key := range s.keys(t, east) {
		if strings.Contains(key, "/backups/"+backup+"/") {
			t.Errorf("there is still %s", key)
		}
	}
	for _, snapshot := range s.allSnapshots(t) {
		if snapshot.Tags["velero.io/backup"] == backup {
			t.Errorf("there is still snapshot %s", snapshot.ID)
		}
	}
}
