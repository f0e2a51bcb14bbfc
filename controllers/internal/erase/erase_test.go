package erase

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

// interrupted is a backup whose controller stopped before there was a list of its snapshots.
func interrupted() *velerov1.Backup {
	return &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{Namespace: backendtest.Namespace, Name: "b", UID: "uid-1"},
		Spec:       velerov1.BackupSpec{StorageLocation: "primary", VolumeSnapshotLocations: []string{"ebs"}},
		Status:     velerov1.BackupStatus{Phase: velerov1.BackupPhaseFailed},
	}
}

// data deletes what a backup has stored, and returns what kept something of it.
func data(t *testing.T, w *backendtest.World, backup *velerov1.Backup) []string {
	t.Helper()
	var problems []string
	for _, err := range Data(t.Context(), w.Client, w.Backend, backups.NewStore(w.Store, w.Place), backup) {
		problems = append(problems, err.Error())
	}
	return problems
}

// TestLosesPatience shows that a provider that does not answer is not waited for as often as there are snapshots.
func TestLosesPatience(t *testing.T) {
	for name, listed := range map[string]bool{"listed": true, "tagged": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backup := interrupted()
			w := backendtest.New(t, interceptor.Funcs{})
			w.Put(t, backups.Log, "b", backendtest.Compressed(t, "time=now uid=uid-1 level=info\n"))
			var list []backups.Snapshot
			for range 3 {
				id := w.Snapshot(t, backups.SnapshotTags(backup))
				list = append(list, backups.Snapshot{Spec: backups.SnapshotSpec{Location: "ebs"}, Status: backups.SnapshotStatus{ProviderSnapshotID: id}})
			}
			if listed {
				w.Put(t, backups.VolumeSnapshots, "b", list)
			}
			w.Backend.StallTimeout = time.Second
			w.Cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"ec2:DeleteSnapshot"}}, Fault: faults.Outage{Mode: faults.Hanging}})
			problems := data(t, w, backup)
			if len(problems) != 1 || !strings.Contains(problems[0], "did not answer in time") || len(w.Snapshots(t)) != len(list) {
				t.Errorf("got %q, and there are %q", problems, w.Snapshots(t))
			}
		})
	}
}

// TestDeletesTagged shows that of a backup which was interrupted before there was a list of its snapshots those are deleted
// that have its tags, and no others; and that as long as they cannot be, the rest stays.
func TestDeletesTagged(t *testing.T) {
	no := false
	denied := &faults.Rule{Match: faults.Match{Operations: []string{"ec2:DescribeSnapshots"}}, Fault: faults.Error{Code: "UnauthorizedOperation", Status: 403}}
	for name, tc := range map[string]struct {
		backup func(*velerov1.Backup)
		listed bool
		fault  *faults.Rule
		left   bool
		want   string
	}{
		"no list":                 {},
		"some locations are gone": {backup: func(b *velerov1.Backup) { b.Spec.VolumeSnapshotLocations = []string{"gone", "no-driver", "ebs", "ebs"} }},
		"may not be looked for":   {fault: denied, left: true, want: `volume snapshot location "ebs", which may have snapshots of the backup: the credentials may not ec2:DescribeSnapshots`},
		"cannot be deleted":       {fault: &faults.Rule{Match: faults.Match{Operations: []string{"ec2:DeleteSnapshot"}}, Fault: faults.Error{Code: "UnauthorizedOperation", Status: 403}}, left: true, want: "deleting snapshot snap-"},
		"a list, which is all":    {listed: true, fault: denied, left: true},
		"none were wanted":        {backup: func(b *velerov1.Backup) { b.Spec.SnapshotVolumes = &no }, fault: denied, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			backup := interrupted()
			if tc.backup != nil {
				tc.backup(backup)
			}
			w := backendtest.New(t, interceptor.Funcs{},
				&velerov1.VolumeSnapshotLocation{ObjectMeta: metav1.ObjectMeta{Name: "no-driver"}, Spec: velerov1.VolumeSnapshotLocationSpec{Provider: "gcp"}})
			w.Put(t, backups.Log, "b", backendtest.Compressed(t, "time=now uid=uid-1 level=info\n"))
			if tc.listed {
				w.Put(t, backups.VolumeSnapshots, "b", []backups.Snapshot{})
			}
			tags := func(name, uid string) map[string]string {
				return backups.SnapshotTags(&velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(uid)}})
			}
			others := []string{w.Snapshot(t, tags("b", "uid-2")), w.Snapshot(t, tags("a", "uid-1")), w.Snapshot(t, nil)}
			all := slices.Concat(others, []string{w.Snapshot(t, tags("b", "uid-1")), w.Snapshot(t, tags("b", "uid-1"))})
			if tc.fault != nil {
				w.Cloud.Harm(t, *tc.fault)
			}
			problems := data(t, w, backup)
			wantKeys, want := 0, others
			if tc.want != "" {
				wantKeys = 1
			}
			if tc.left {
				want = all
			}
			slices.Sort(want)
			if len(problems) > 0 != (tc.want != "") || !strings.Contains(strings.Join(problems, " "), tc.want) || len(w.Keys(t)) != wantKeys {
				t.Errorf("got %q, and there are %q", problems, w.Keys(t))
			}
			if got := w.Snapshots(t); !slices.Equal(got, want) {
				t.Errorf("there are snapshots %q, want %q", got, want)
			}
		})
	}
}
