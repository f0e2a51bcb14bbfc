package registry_test

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/velero-locations/velero-locations/apis/velero"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/registry/core"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/velero/deletebackuprequest"
	"github.com/velero-locations/velero-locations/registry/velero/downloadrequest"
	"github.com/velero-locations/velero-locations/registry/velero/restore"
)

// desk serves what is asked for of backups, beside the backups themselves: primary-0 and so on, by their location.
type desk struct {
	*server
	deletions, downloads, restores *generic.Store
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	etcd := startEtcd(t)
	d := &desk{server: serveOn(t.Context(), t, etcd)}
	add := func(kind generic.Kind) *generic.Store {
		store := newIdleStore(t, etcd, kind, genericregistry.StorageWithCacher())
		d.env.Serve(kind.GroupVersionResource().GroupResource(), store)
		return store
	}
	d.deletions, d.downloads, d.restores = add(deletebackuprequest.New(d.env)), add(downloadrequest.New(d.env)), add(restore.New(d.env))
	add(core.ConfigMaps)
	d.makeLocations(t, []string{"primary default", "archive readonly", "down unavailable", "gone"}, nil)
	for _, name := range []string{"primary", "archive", "down", "gone"} {
		d.makeBackups(t, name, v1.BackupPhaseCompleted)
	}
	// As where the server that deletes the records of the location has not come to do it.
	_, err := change(t, d.backups, "gone-0", func(b *v1.Backup) { b.Finalizers = []string{"example.com/keep"} })
	must(t, err)
	_, err = d.remove("gone")
	must(t, err)
	return d
}

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: "velero"}
}

// TestDeletionsThatCanOnlyFail shows what requests to delete a backup are refused, in a dry run, too; and that a record of one that
// was carried out is taken as it is.
func TestDeletionsThatCanOnlyFail(t *testing.T) {
	d := newDesk(t)
	for _, tc := range []struct {
		backup       string
		phase        v1.DeleteBackupRequestPhase
		errs, warned []string
	}{
		{backup: "primary-0"},
		{backup: "nosuch", errs: []string{`spec.backupName: Not found: "nosuch" + there is no such backup in namespace "velero"`}},
		{backup: "no/such", errs: []string{`spec.backupName: Not found: "no/such"`}},
		{backup: "nosuch", phase: v1.DeleteBackupRequestPhaseNew, errs: []string{"there is no such backup"}},
		{backup: "nosuch", phase: v1.DeleteBackupRequestPhaseProcessed},
		{backup: "archive-0", errs: []string{`spec.backupName: Forbidden + location of the backup, "archive", is read-only + set its spec.accessMode to ReadWrite`}},
		{backup: "archive-0", phase: v1.DeleteBackupRequestPhaseInProgress},
		{backup: "gone-0", errs: []string{`spec.backupName: Not found + location of the backup, "gone", is not there: make it again + with kubectl delete backups.velero.io gone-0 -n velero`}},
		{backup: "down-0", warned: []string{`spec.backupName: + "down", was unavailable when it was last checked`}},
	} {
		t.Run(tc.backup+" "+string(tc.phase), func(t *testing.T) {
			for _, dryRun := range [][]string{{metav1.DryRunAll}, nil} {
				request := &v1.DeleteBackupRequest{ObjectMeta: named(""), Spec: v1.DeleteBackupRequestSpec{BackupName: tc.backup}, Status: v1.DeleteBackupRequestStatus{Phase: tc.phase}}
				request.GenerateName = "r-"
				_, said, err := create(d.deletions, request, dryRun...)
				if len(tc.errs) > 0 {
					wantTexts(t, "errors", causes(t, err), tc.errs)
					continue
				}
				must(t, err)
				wantTexts(t, "warnings", said, tc.warned)
			}
		})
	}
}

// TestRequestsOutliveTheirBackup shows that the controller can write what became of a request when the backup is gone.
func TestRequestsOutliveTheirBackup(t *testing.T) {
	d := newDesk(t)
	_, _, err := create(d.deletions, &v1.DeleteBackupRequest{ObjectMeta: named("r"), Spec: v1.DeleteBackupRequestSpec{BackupName: "primary-0"}})
	must(t, err)
	ctx, _ := request("ann")
	_, _, err = d.backups.Delete(ctx, "primary-0", rest.ValidateAllObjectFunc, &metav1.DeleteOptions{})
	must(t, err)
	_, err = change(t, d.deletions, "r", func(r *v1.DeleteBackupRequest) { r.Status.Phase = v1.DeleteBackupRequestPhaseInProgress })
	must(t, err)
}

// TestDownloadsOfNothing shows that a file of what is not there cannot be asked for.
func TestDownloadsOfNothing(t *testing.T) {
	d := newDesk(t)
	_, _, err := create(d.restores, &v1.Restore{ObjectMeta: named("res"), Spec: v1.RestoreSpec{BackupName: "primary-0"}})
	must(t, err)
	for _, tc := range []struct {
		kind  v1.DownloadTargetKind
		name  string
		phase v1.DownloadRequestPhase
		want  []string
	}{
		{kind: v1.DownloadTargetKindBackupLog, name: "primary-0"},
		{kind: v1.DownloadTargetKindRestoreLog, name: "res"},
		{kind: v1.DownloadTargetKindBackupLog, name: "res", want: []string{`spec.target.name: Not found: "res" + there is no such backup in namespace "velero" for there to be a BackupLog of`}},
		{kind: v1.DownloadTargetKindRestoreResults, name: "primary-0", want: []string{`there is no such restore`}},
		{kind: v1.DownloadTargetKindBackupLog, name: "res", phase: v1.DownloadRequestPhaseProcessed},
	} {
		r := &v1.DownloadRequest{
			ObjectMeta: named("r"), Spec: v1.DownloadRequestSpec{Target: v1.DownloadTarget{Kind: tc.kind, Name: tc.name}}, Status: v1.DownloadRequestStatus{Phase: tc.phase},
		}
		_, _, err := create(d.downloads, r, metav1.DryRunAll)
		if tc.want == nil {
			must(t, err)
			continue
		}
		wantTexts(t, "errors", causes(t, err), tc.want)
	}
}

// TestRestoresOfNothing shows that whoever asks for a restore is told what it lacks, but may ask: its backup may yet be found in the
// bucket of a location that is made together with it.
func TestRestoresOfNothing(t *testing.T) {
	d := newDesk(t)
	for name, phase := range map[string]v1.BackupPhase{"nightly": v1.BackupPhaseCompleted, "hourly": v1.BackupPhaseFailed} {
		b := &v1.Backup{ObjectMeta: named(name + "-1"), Spec: v1.BackupSpec{StorageLocation: "primary"}, Status: v1.BackupStatus{Phase: phase}}
		b.Labels = map[string]string{velero.ScheduleNameLabel: name}
		_, _, err := create(d.backups, b)
		must(t, err)
	}
	for _, tc := range []struct {
		spec  v1.RestoreSpec
		phase v1.RestorePhase
		want  []string
	}{
		{spec: v1.RestoreSpec{BackupName: "primary-0"}},
		{spec: v1.RestoreSpec{BackupName: "nosuch"}, want: []string{`spec.backupName: there is no backup "nosuch" in namespace "velero" (the restore fails unless there is when it begins)`}},
		{spec: v1.RestoreSpec{BackupName: "nosuch"}, phase: v1.RestorePhaseCompleted},
		{spec: v1.RestoreSpec{BackupName: "hourly-1"}, want: []string{`spec.backupName: there is nothing to restore in backup "hourly-1": its phase is Failed (the restore fails unless there is`}},
		{spec: v1.RestoreSpec{ScheduleName: "nightly"}},
		{spec: v1.RestoreSpec{ScheduleName: "nightly", NamespaceMapping: map[string]string{"a": "x", "b": "y", "c": "x"}}, want: []string{`spec.namespaceMapping: "a" and "c" become one namespace, "x": `}},
		{spec: v1.RestoreSpec{ScheduleName: "nightly", ResourceModifier: &corev1.TypedLocalObjectReference{Kind: "configmap", Name: "nosuch"}}, want: []string{`spec.resourceModifier: there is no ConfigMap "nosuch" in namespace "velero"`}},
		{spec: v1.RestoreSpec{ScheduleName: "hourly"}, want: []string{`spec.scheduleName: there is no completed backup of a schedule "hourly"`}},
		{spec: v1.RestoreSpec{ScheduleName: "nosuch"}, want: []string{`spec.scheduleName: there is no completed backup of a schedule "nosuch"`}},
	} {
		_, said, err := create(d.restores, &v1.Restore{ObjectMeta: named("r"), Spec: tc.spec, Status: v1.RestoreStatus{Phase: tc.phase}}, metav1.DryRunAll)
		must(t, err)
		wantTexts(t, "warnings", said, tc.want)
	}
}

// TestDeletedRecordsComeBack shows who is told that deleting a record deletes no data.
func TestDeletedRecordsComeBack(t *testing.T) {
	d := newDesk(t)
	asController := func(ctx context.Context) context.Context {
		return genericapirequest.WithUser(ctx, &user.DefaultInfo{Name: "controller", Groups: []string{serviceaccount.AllServiceAccountsGroup}})
	}
	const told = `only the record of backup "b" is deleted: while its data is in backup storage location "primary", the record comes back`
	for name, tc := range map[string]struct {
		location string
		phase    v1.BackupPhase
		as       func(context.Context) context.Context
		want     []string
	}{
		"completed":         {phase: v1.BackupPhaseCompleted, want: []string{told + " + velero backup delete b -n velero (or velero-locations backup delete)"}},
		"partially failed":  {phase: v1.BackupPhasePartiallyFailed, want: []string{told}},
		"failed":            {phase: v1.BackupPhaseFailed, want: []string{told}},
		"running":           {phase: v1.BackupPhaseInProgress, want: []string{told}},
		"read-only":         {location: "archive", phase: v1.BackupPhaseCompleted, want: []string{`"archive", the record comes back when that is synced; the data cannot be deleted as long as the location is read-only`}},
		"new":               {phase: v1.BackupPhaseNew},
		"queued":            {phase: v1.BackupPhaseQueued},
		"failed validation": {phase: v1.BackupPhaseFailedValidation},
		"data deleted":      {phase: v1.BackupPhaseDeleting},
		"no location":       {location: "gone", phase: v1.BackupPhaseCompleted},
		"by a controller":   {phase: v1.BackupPhaseCompleted, as: asController},
	} {
		t.Run(name, func(t *testing.T) {
			b := &v1.Backup{ObjectMeta: named("b"), Spec: v1.BackupSpec{StorageLocation: "primary"}, Status: v1.BackupStatus{Phase: tc.phase}}
			if tc.location != "" {
				b.Spec.StorageLocation = tc.location
			}
			_, _, err := create(d.backups, b)
			must(t, err)
			for _, dryRun := range [][]string{{metav1.DryRunAll}, nil} {
				ctx, r := request("ann")
				if tc.as != nil {
					ctx = tc.as(ctx)
				}
				_, _, err := d.backups.Delete(ctx, "b", rest.ValidateAllObjectFunc, &metav1.DeleteOptions{DryRun: dryRun})
				must(t, err)
				wantTexts(t, "warnings", r.said, tc.want)
			}
		})
	}
}
