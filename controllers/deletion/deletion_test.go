package deletion

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics/metricstest"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
)

var began = metav1.NewTime(time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC))

func finished() *velerov1.Backup {
	return &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{Name: "b", UID: "uid-1"},
		Spec:       velerov1.BackupSpec{StorageLocation: "primary"},
		Status:     velerov1.BackupStatus{Phase: velerov1.BackupPhaseCompleted, StartTimestamp: &began},
	}
}

func requestFor(backup string) *velerov1.DeleteBackupRequest {
	return &velerov1.DeleteBackupRequest{ObjectMeta: metav1.ObjectMeta{Name: "r", UID: "uid-r", CreationTimestamp: began}, Spec: velerov1.DeleteBackupRequestSpec{BackupName: backup}}
}

func newReconciler(w *backendtest.World) *reconciler {
	return &reconciler{Writer: w.Writer, backend: w.Backend, metrics: metrics.New(), now: func() time.Time { return began.Add(time.Hour) }}
}

// TestRefuses shows which requests are not carried out, and that nothing is touched then.
func TestRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		request  string
		uid      string // of the backup that the request is about
		backup   func(*velerov1.Backup)
		location func(*velerov1.BackupStorageLocation)
		want     string
	}{
		"no name":       {request: "", want: "spec.backupName is required"},
		"no backup":     {request: "other", want: `there is no backup "other"`},
		"another":       {request: "b", uid: "uid-0", want: "is not the one whose deletion was asked for"},
		"running":       {request: "b", backup: func(b *velerov1.Backup) { b.Status.Phase = velerov1.BackupPhaseInProgress }, want: `backup "b" has not ended: it is InProgress`},
		"no location":   {request: "b", backup: func(b *velerov1.Backup) { b.Spec.StorageLocation = "gone" }, want: `"gone", is not there`},
		"read-only":     {request: "b", location: func(l *velerov1.BackupStorageLocation) { l.Spec.AccessMode = velerov1.AccessModeReadOnly }, want: "is read-only"},
		"not available": {request: "b", location: func(l *velerov1.BackupStorageLocation) { l.Status.Phase, l.Status.Message = "Unavailable", "why" }, want: "is not available: why"},
	} {
		t.Run(name, func(t *testing.T) {
			backup := finished()
			if tc.backup != nil {
				tc.backup(backup)
			}
			phase := backup.Status.Phase
			asked := requestFor(tc.request)
			if tc.uid != "" {
				asked.Labels = map[string]string{backups.UIDLabel: tc.uid}
			}
			w := backendtest.New(t, interceptor.Funcs{}, backup, asked)
			w.Put(t, backups.Metadata, "b", backup)
			if tc.location != nil {
				w.Location(t, tc.location)
			}
			r := newReconciler(w)
			if _, err := w.Reconcile(t, r, "r"); err != nil {
				t.Fatal(err)
			}
			if got := metricstest.Scrape(t, r.metrics); len(got) > 0 {
				t.Errorf("got metrics %q of what did not begin", got)
			}
			request := &velerov1.DeleteBackupRequest{}
			if !w.Read(t, "r", request) || request.Status.Phase != velerov1.DeleteBackupRequestPhaseProcessed || len(request.Status.Errors) != 1 || !strings.Contains(request.Status.Errors[0], tc.want) {
				t.Errorf("got %+v, want %q", request.Status, tc.want)
			}
			if !w.Read(t, "b", backup) || backup.Status.Phase != phase || len(w.Keys(t)) != 1 {
				t.Errorf("the backup is %+v, in the bucket is %q", backup.Status, w.Keys(t))
			}
		})
	}
}

// filled has a backup with a snapshot, a restore and a second request in it.
func filled(t *testing.T) (*backendtest.World, string) {
	t.Helper()
	other := requestFor("b")
	other.Name, other.UID = "other", "uid-o"
	onlyIt := interceptor.Funcs{Delete: func(ctx context.Context, c client.WithWatch, object client.Object, opts ...client.DeleteOption) error {
		options := (&client.DeleteOptions{}).ApplyOptions(opts)
		if options.Preconditions == nil || options.Preconditions.UID == nil || *options.Preconditions.UID != object.GetUID() {
			t.Errorf("%s is deleted, or another of its name that was made since", object.GetName())
		}
		return c.Delete(ctx, object, opts...)
	}}
	w := backendtest.New(t, onlyIt, finished(), requestFor("b"), other,
		&velerov1.Restore{ObjectMeta: metav1.ObjectMeta{Name: "mine"}, Spec: velerov1.RestoreSpec{BackupName: "b"}},
		&velerov1.Restore{ObjectMeta: metav1.ObjectMeta{Name: "not-mine"}, Spec: velerov1.RestoreSpec{BackupName: "c"}})
	snapshot := w.Snapshot(t, nil)
	w.Put(t, backups.Metadata, "b", finished())
	w.Put(t, backups.Log, "b", "no log")
	w.Put(t, backups.VolumeSnapshots, "b", []backups.Snapshot{{Spec: backups.SnapshotSpec{Location: "ebs"}, Status: backups.SnapshotStatus{ProviderSnapshotID: snapshot}}})
	w.Put(t, backups.Metadata, "b-2", finished())
	return w, snapshot
}

// TestDeletes shows that all goes, and in which order: the snapshots, the metadata, the other files, the log.
func TestDeletes(t *testing.T) {
	w, snapshot := filled(t)
	if _, err := w.Reconcile(t, newReconciler(w), "r"); err != nil {
		t.Fatal(err)
	}
	var deleted []string
	for _, entry := range w.Cloud.Journal().Entries(journal.Filter{Operation: "*:Delete*"}) {
		deleted = append(deleted, entry.Operation+" "+entry.Key+entry.Resource)
	}
	want := []string{
		"ec2:DeleteSnapshot " + snapshot, "s3:DeleteObject team/backups/b/velero-backup.json", "s3:DeleteObject team/backups/b/b-volumesnapshots.json.gz",
		"s3:DeleteObject team/backups/b/b-logs.gz",
	}
	if !slices.Equal(deleted, want) {
		t.Errorf("got %q, want %q", deleted, want)
	}
	if got := w.Keys(t); !slices.Equal(got, []string{"team/backups/b-2/velero-backup.json"}) {
		t.Errorf("there are %q", got)
	}
	if w.Read(t, "b", &velerov1.Backup{}) || w.Read(t, "mine", &velerov1.Restore{}) || w.Read(t, "r", &velerov1.DeleteBackupRequest{}) || w.Read(t, "other", &velerov1.DeleteBackupRequest{}) {
		t.Error("something is still there")
	}
	if !w.Read(t, "not-mine", &velerov1.Restore{}) {
		t.Error("a restore of another backup is gone")
	}
}

// TestErrorsKeep shows that what cannot be deleted keeps what would be needed to delete it later.
func TestErrorsKeep(t *testing.T) {
	for name, tc := range map[string]struct {
		fault faults.Match
		want  string
		left  int
	}{
		"a snapshot":   {faults.Match{Operations: []string{"ec2:DeleteSnapshot"}}, "deleting snapshot snap-", 4},
		"an object":    {faults.Match{Operations: []string{"s3:DeleteObject"}, Prefix: "team/backups/b/b-logs"}, "may not delete", 2},
		"the metadata": {faults.Match{Operations: []string{"s3:DeleteObject"}}, "may not delete", 4},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := filled(t)
			code := "AccessDenied"
			if strings.HasPrefix(tc.fault.Operations[0], "ec2") {
				code = "UnauthorizedOperation"
			}
			fault := w.Cloud.Harm(t, faults.Rule{Match: tc.fault, Fault: faults.Error{Code: code, Status: 403}})
			r := newReconciler(w)
			result, err := w.Reconcile(t, r, "r")
			if err != nil {
				t.Fatal(err)
			}
			request, backup := &velerov1.DeleteBackupRequest{}, &velerov1.Backup{}
			if !w.Read(t, "r", request) || request.Status.Phase != velerov1.DeleteBackupRequestPhaseProcessed || !strings.Contains(strings.Join(request.Status.Errors, " "), tc.want) {
				t.Errorf("got %+v, %+v", result, request.Status)
			}
			if !w.Read(t, "b", backup) || backup.Status.Phase != velerov1.BackupPhaseDeleting || len(w.Keys(t)) != tc.left || !w.Read(t, "mine", &velerov1.Restore{}) {
				t.Errorf("got %s, %q", backup.Status.Phase, w.Keys(t))
			}

			// The request is kept for a day, and another request ends what this one could not.
			if result, err = w.Reconcile(t, r, "r"); err != nil || result.RequeueAfter != 23*time.Hour {
				t.Errorf("got %+v, %v", result, err)
			}
			w.Cloud.Faults().Remove(fault)
			again := requestFor("b")
			again.Namespace, again.Name, again.UID = backendtest.Namespace, "again", "uid-a"
			if err := w.Create(t.Context(), again); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Reconcile(t, r, "again"); err != nil || w.Read(t, "b", backup) || w.Read(t, "r", request) || len(w.Keys(t)) != 1 {
				t.Errorf("got %v, %q", err, w.Keys(t))
			}
			const of = `_total{schedule=""} `
			counted := []string{"backup_deletion_attempt" + of + "2", "backup_deletion_failure" + of + "1", "backup_deletion_success" + of + "1"}
			if got := metricstest.Scrape(t, r.metrics); !slices.Equal(got, counted) {
				t.Errorf("got metrics %q, want %q", got, counted)
			}
		})
	}
}

// TestProcessedGo shows that a request that failed is deleted after a day.
func TestProcessedGo(t *testing.T) {
	request := requestFor("b")
	request.Status.Phase = velerov1.DeleteBackupRequestPhaseProcessed
	w := backendtest.New(t, interceptor.Funcs{}, request)
	r := newReconciler(w)
	r.now = func() time.Time { return began.Add(kept) }
	if _, err := w.Reconcile(t, r, "r"); err != nil || w.Read(t, "r", request) {
		t.Errorf("got %v, or it is still there", err)
	}
}

// TestSparesOthers shows that a backup that failed since its name was taken takes nothing of the other with it.
func TestSparesOthers(t *testing.T) {
	later := metav1.NewTime(began.Add(time.Second))
	theirs := func(change func(*velerov1.Backup)) *velerov1.Backup {
		backup := finished()
		backup.UID = "uid-2"
		change(backup)
		return backup
	}
	for name, tc := range map[string]struct {
		metadata, log any
		started       *metav1.Time
		reason        string
		gone          bool
	}{
		"another that is there":    {metadata: theirs(func(b *velerov1.Backup) { b.Status.StartTimestamp = &later }), started: &began},
		"another, begun at once":   {metadata: theirs(func(*velerov1.Backup) {}), started: &began, reason: "a backup of that name already exists"},
		"another, took longer":     {metadata: theirs(func(b *velerov1.Backup) { b.Status.CompletionTimestamp = &later }), started: &began},
		"another, never began":     {metadata: theirs(func(*velerov1.Backup) {})},
		"another, cut short":       {metadata: theirs(func(b *velerov1.Backup) { b.Status.StartTimestamp = nil })},
		"Velero's, never began":    {log: "time=now level=info\n"},
		"another that is written":  {log: "time=now uid=uid-2 level=info\n", started: &began},
		"its own":                  {metadata: finished(), started: &began, gone: true},
		"its own, from the bucket": {metadata: theirs(func(*velerov1.Backup) {}), started: &began, gone: true},
		"its own, not complete":    {log: "time=now uid=uid-1 level=info\n", started: &began, gone: true},
		"Velero's, not complete":   {log: "time=now level=info\n", started: &began, gone: true},
		"nobody can tell whose":    {metadata: "no JSON", started: &began, gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			backup := finished()
			backup.Status.Phase, backup.Status.StartTimestamp, backup.Status.FailureReason = velerov1.BackupPhaseFailed, tc.started, tc.reason
			w := backendtest.New(t, interceptor.Funcs{}, backup, requestFor("b"))
			if tc.metadata != nil {
				w.Put(t, backups.Metadata, "b", tc.metadata)
			}
			if tc.log != nil {
				w.Put(t, backups.Log, "b", backendtest.Compressed(t, tc.log.(string)))
			}
			if _, err := w.Reconcile(t, newReconciler(w), "r"); err != nil || w.Read(t, "b", backup) {
				t.Errorf("got %v, or the record is still there", err)
			}
			if got := w.Keys(t); len(got) == 0 != tc.gone {
				t.Errorf("there are %q", got)
			}
		})
	}
}

// TestUnreadable shows that nothing is deleted as long as it cannot be read whose it is.
func TestUnreadable(t *testing.T) {
	for _, file := range []backups.File{backups.Metadata, backups.Log} {
		w := backendtest.New(t, interceptor.Funcs{}, finished(), requestFor("b"))
		theirs := finished()
		theirs.UID, theirs.Status.FailureReason = "uid-2", "theirs"
		if file == backups.Metadata {
			w.Put(t, file, "b", theirs)
		} else {
			w.Put(t, file, "b", backendtest.Compressed(t, "time=now uid=uid-2 level=info\n"))
		}
		w.Cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:GetObject"}}, Fault: faults.Truncate{After: 5}})
		if _, err := w.Reconcile(t, newReconciler(w), "r"); err != nil {
			t.Fatal(err)
		}
		request := &velerov1.DeleteBackupRequest{}
		if !w.Read(t, "r", request) || !strings.Contains(strings.Join(request.Status.Errors, " "), "finding out whose backup is in the bucket") || len(w.Keys(t)) != 1 {
			t.Errorf("%s: got %+v, %q", file, request.Status, w.Keys(t))
		}
	}
}

// TestBegins shows that a backup that begins just when it is to be deleted is not: nothing of it is touched.
func TestBegins(t *testing.T) {
	begins := true
	w := backendtest.New(t, interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
		if _, of := list.(*velerov1.DeleteBackupRequestList); of && begins { // which follows on the look at the backup
			begins = false
			backup := &velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: backendtest.Namespace, Name: "b"}}
			if err := c.Patch(ctx, backup, client.RawPatch(types.MergePatchType, []byte(`{"status":{"phase":"InProgress"}}`))); err != nil {
				return err
			}
		}
		return c.List(ctx, list, opts...)
	}}, &velerov1.Backup{ObjectMeta: metav1.ObjectMeta{Name: "b", UID: "uid-1"}, Spec: velerov1.BackupSpec{StorageLocation: "primary"}}, requestFor("b"))
	w.Put(t, backups.Log, "b", backendtest.Compressed(t, "time=now uid=uid-1 level=info\n"))
	r := newReconciler(w)
	if _, err := w.Reconcile(t, r, "r"); !apierrors.IsConflict(err) {
		t.Errorf("got %v, want a conflict", err)
	}
	if _, err := w.Reconcile(t, r, "r"); err != nil {
		t.Fatal(err)
	}
	request, backup := &velerov1.DeleteBackupRequest{}, &velerov1.Backup{}
	if !w.Read(t, "r", request) || !strings.Contains(strings.Join(request.Status.Errors, " "), "it is InProgress") || !w.Read(t, "b", backup) ||
		backup.Status.Phase != velerov1.BackupPhaseInProgress || len(w.Keys(t)) != 1 {
		t.Errorf("got %+v, %+v, %q", request.Status, backup.Status, w.Keys(t))
	}
}
