package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// TestKilledDuringBackups kills the controller of backups, again and again, at points that are spread over all that a
// backup does, and starts it anew each time. Every backup comes to an end: there as it was published, or failed with a
// reason, and nothing of it left; nor are its snapshots, once their list was written.
func TestKilledDuringBackups(t *testing.T) {
	l := startLab(t)
	const parts = 30 // of which the tarball has so much content that it is uploaded in parts
	l.fill(t, "large", 0, parts, 700<<10)
	_, err := l.control.AddFault(t.Context(), faults.Rule{
		Match: faults.Match{Operations: []string{"s3:PutObject", "s3:UploadPart"}, Prefix: "team/backups/"}, Fault: faults.Latency{Delay: faults.Duration(50 * time.Millisecond)},
	})
	if err != nil {
		t.Fatal(err)
	}
	listed, published := map[string]bool{}, map[string]bool{}
	for round := range kills {
		name := fmt.Sprintf("b-%d", round)
		namespaces := []string{"shop"}
		if round%4 == 3 {
			namespaces = append(namespaces, "large")
		}
		controller := l.startController(t)
		l.create(t, name, namespaces...)
		l.awaitWrites(t, name, round%10)
		time.Sleep(rand.N(80 * time.Millisecond)) // the point that is left to chance
		kill(t, controller)
		keys := strings.Join(l.keys(t, name), " ")
		listed[name], published[name] = strings.Contains(keys, "-volumesnapshots.json.gz"), strings.Contains(keys, "/velero-backup.json")
	}
	l.startController(t)
	interrupted := 0
	for round := range kills {
		name := fmt.Sprintf("b-%d", round)
		ended := l.ended(t, name)
		keys, snapshots := l.keys(t, name), l.snapshots(t, name)
		switch {
		case ended.Status.Phase == v1.BackupPhaseCompleted:
			if len(keys) != 9 || snapshots != 2 {
				t.Errorf("%s is completed, with %q and %d snapshots", name, keys, snapshots)
			}
			continue
		case ended.Status.Phase != v1.BackupPhaseFailed || ended.Status.FailureReason != "the controller stopped while the backup was being made":
			t.Errorf("%s is %s: %q", name, ended.Status.Phase, ended.Status.FailureReason)
		case published[name]:
			t.Errorf("%s was published, but failed", name)
		}
		interrupted++
		if len(keys) > 0 || listed[name] && snapshots > 0 {
			t.Errorf("of %s, which failed, %q and %d snapshots are left", name, keys, snapshots)
		}
	}
	if interrupted < kills/4 {
		t.Errorf("only %d of %d backups were interrupted", interrupted, kills)
	}
	for upload := range l.s3.ListIncompleteUploads(t.Context(), "velero-backups", "", true) {
		t.Errorf("an upload of %s is left, %v", upload.Key, upload.Err)
	}
}

// awaitWrites waits until a backup has begun, and so many of its files are written, or it has ended.
func (l *lab) awaitWrites(t *testing.T, name string, count int) {
	t.Helper()
	devtest.Poll(t, time.Minute, "backup "+name, func() bool {
		status := l.backup(t, name).Status
		if status.CompletionTimestamp != nil {
			return true
		}
		entries, err := l.control.Journal(t.Context(), journal.Filter{Operation: "s3:PutObject", Bucket: "velero-backups"})
		if err != nil {
			t.Fatal(err)
		}
		written := 0
		for _, entry := range entries {
			if strings.HasPrefix(entry.Key, "team/backups/"+name+"/") {
				written++
			}
		}
		return status.Phase == v1.BackupPhaseInProgress && written >= count
	})
}

// keys of a backup in the bucket.
func (l *lab) keys(t *testing.T, name string) []string {
	t.Helper()
	var keys []string
	for object := range l.s3.ListObjectsIter(t.Context(), "velero-backups", minio.ListObjectsOptions{Prefix: "team/backups/" + name + "/", Recursive: true}) {
		if object.Err != nil {
			t.Fatal(object.Err)
		}
		keys = append(keys, object.Key)
	}
	return keys
}

// snapshots counts those of a backup.
func (l *lab) snapshots(t *testing.T, name string) int {
	t.Helper()
	all, err := l.control.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, snapshot := range all {
		if snapshot.Tags["velero.io/backup"] == name {
			n++
		}
	}
	return n
}
