package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

// TestKilledDuringBackups kills the controller of backups, again and again, at points that are spread over all that a
// backup does, and starts it anew each time. Every backup comes to an end: there as it was published, or failed with a
// reason, and nothing of it left. Nor is a snapshot left that no list of a completed backup names, although the controller
// is killed between the snapshot and the list, too.
func TestKilledDuringBackups(t *testing.T) {
	t.Parallel()
	l := startLab(t)
	const parts = 30 // of which the tarball has so much content that it is uploaded in parts
	l.fill(t, "large", 0, parts, 700<<10)
	for _, slow := range []faults.Match{{Operations: []string{"s3:PutObject", "s3:UploadPart"}, Prefix: "team/backups/"}, {Operations: []string{"ec2:CreateSnapshot"}}} {
		if _, err := l.control.AddFault(t.Context(), faults.Rule{Match: slow, Fault: faults.Latency{Delay: faults.Duration(50 * time.Millisecond)}}); err != nil {
			t.Fatal(err)
		}
	}
	unlisted, published := 0, map[string]bool{}
	for round := range kills {
		name := fmt.Sprintf("b-%d", round)
		namespaces := []string{"shop"}
		if round%4 == 3 {
			namespaces = append(namespaces, "large")
		}
		controller := l.startController(t)
		l.create(t, name, namespaces...)
		if round%5 == 2 {
			devtest.Poll(t, time.Minute, "a snapshot of backup "+name, func() bool { return len(l.snapshots(t, name)) > 0 })
		} else {
			l.awaitWrites(t, name, round%10)
		}
		time.Sleep(rand.N(80 * time.Millisecond)) // the point that is left to chance
		kill(t, controller)
		keys := strings.Join(l.keys(t, name), " ")
		published[name] = strings.Contains(keys, "/velero-backup.json")
		if !strings.Contains(keys, "-volumesnapshots.json.gz") && len(l.snapshots(t, name)) > 0 {
			unlisted++
		}
	}
	l.startController(t)
	interrupted, wanted := 0, []string{}
	for round := range kills {
		name := fmt.Sprintf("b-%d", round)
		ended := l.ended(t, name)
		keys := l.keys(t, name)
		switch {
		case ended.Status.Phase == v1.BackupPhaseCompleted:
			listed := l.listed(t, name)
			if wanted = append(wanted, listed...); len(keys) != 9 || len(listed) != 2 {
				t.Errorf("%s is completed, with %q and the snapshots %q", name, keys, listed)
			}
			continue
		case ended.Status.Phase != v1.BackupPhaseFailed || ended.Status.FailureReason != "the controller stopped while the backup was being made":
			t.Errorf("%s is %s: %q", name, ended.Status.Phase, ended.Status.FailureReason)
		case published[name]:
			t.Errorf("%s was published, but failed", name)
		}
		interrupted++
		if len(keys) > 0 {
			t.Errorf("of %s, which failed, %q is left", name, keys)
		}
	}
	if interrupted < kills/4 || unlisted == 0 {
		t.Errorf("only %d of %d backups were interrupted, %d with snapshots that were not listed yet", interrupted, kills, unlisted)
	}
	there := l.snapshots(t, "")
	slices.Sort(wanted)
	if slices.Sort(there); !slices.Equal(there, wanted) {
		t.Errorf("there are snapshots %q, but the lists of the completed backups name %q", there, wanted)
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

// snapshots returns the ids of those of a backup, or, without a name, of all.
func (l *lab) snapshots(t *testing.T, name string) []string {
	t.Helper()
	all, err := l.control.Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, snapshot := range all {
		if name == "" || snapshot.Tags["velero.io/backup"] == name {
			ids = append(ids, snapshot.ID)
		}
	}
	return ids
}

// listed returns the ids of the snapshots that a backup's list names.
func (l *lab) listed(t *testing.T, name string) []string {
	t.Helper()
	content, err := l.s3.GetObject(t.Context(), "velero-backups", "team/backups/"+name+"/"+name+"-volumesnapshots.json.gz", minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = content.Close() }()
	var list []backups.Snapshot
	if err := backups.Decode(content, &list); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, snapshot := range list {
		ids = append(ids, snapshot.Status.ProviderSnapshotID)
	}
	return ids
}
