package expiry

import (
	"context"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend/backendtest"
)

const frequency = time.Hour

var now = time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)

// expired is a backup that expired a second ago.
func expired(change func(*velerov1.Backup)) *velerov1.Backup {
	expiration := metav1.NewTime(now.Add(-time.Second))
	backup := &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{Name: "b", UID: "uid-1", Labels: map[string]string{"team": "a"}}, Spec: velerov1.BackupSpec{StorageLocation: "primary"},
		Status: velerov1.BackupStatus{Phase: velerov1.BackupPhaseCompleted, Expiration: &expiration},
	}
	if change != nil {
		change(backup)
	}
	return backup
}

func TestExpiry(t *testing.T) {
	phase := func(p velerov1.BackupPhase) func(*velerov1.Backup) {
		return func(b *velerov1.Backup) { b.Status.Phase = p }
	}
	request := func(phase velerov1.DeleteBackupRequestPhase, of string) *velerov1.DeleteBackupRequest {
		return &velerov1.DeleteBackupRequest{ObjectMeta: metav1.ObjectMeta{Name: "earlier"}, Spec: velerov1.DeleteBackupRequestSpec{BackupName: of}, Status: velerov1.DeleteBackupRequestStatus{Phase: phase}}
	}
	for name, tc := range map[string]struct {
		backup   func(*velerov1.Backup)
		location func(*velerov1.BackupStorageLocation)
		earlier  *velerov1.DeleteBackupRequest
		hidden   bool // the location may not be read
		asked    bool // a request is made
		label    string
		after    time.Duration
	}{
		"over":                  {asked: true, after: frequency},
		"failed ones, too":      {backup: phase(velerov1.BackupPhaseFailed), asked: true, after: frequency},
		"what kept it is over":  {backup: func(b *velerov1.Backup) { b.Labels[FailureLabel] = "BSLReadOnly" }, asked: true, after: frequency},
		"not over":              {backup: func(b *velerov1.Backup) { b.Status.Expiration = &metav1.Time{Time: now.Add(time.Minute)} }, after: time.Minute},
		"never over":            {backup: func(b *velerov1.Backup) { b.Status.Expiration = nil }},
		"waiting":               {backup: phase(velerov1.BackupPhaseQueued)},
		"running":               {backup: phase(velerov1.BackupPhaseInProgress)},
		"finalizing":            {backup: phase(velerov1.BackupPhaseFinalizing)},
		"being deleted":         {backup: phase(velerov1.BackupPhaseDeleting), earlier: request(velerov1.DeleteBackupRequestPhaseInProgress, "b"), after: frequency},
		"deletion failed":       {backup: phase(velerov1.BackupPhaseDeleting), earlier: request(velerov1.DeleteBackupRequestPhaseProcessed, "b"), asked: true, after: frequency},
		"location gone":         {backup: func(b *velerov1.Backup) { b.Spec.StorageLocation = "gone" }, label: "BSLNotFound", after: frequency},
		"location hidden":       {hidden: true, label: "BSLCannotGet", after: frequency},
		"location read-only":    {location: func(l *velerov1.BackupStorageLocation) { l.Spec.AccessMode = velerov1.AccessModeReadOnly }, label: "BSLReadOnly", after: frequency},
		"location down":         {location: func(l *velerov1.BackupStorageLocation) { l.Status.Phase = velerov1.BackupStorageLocationUnavailable }, after: frequency},
		"asked for":             {earlier: request("", "b"), after: frequency},
		"request failed":        {earlier: request(velerov1.DeleteBackupRequestPhaseProcessed, "b"), asked: true, after: frequency},
		"asked for another one": {earlier: request("", "c"), asked: true, after: frequency},
	} {
		t.Run(name, func(t *testing.T) {
			objects := []client.Object{expired(tc.backup)}
			if tc.earlier != nil {
				objects = append(objects, tc.earlier)
			}
			w := backendtest.New(t, interceptor.Funcs{Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
				if _, isLocation := object.(*velerov1.BackupStorageLocation); isLocation && tc.hidden {
					return apierrors.NewForbidden(schema.GroupResource{}, key.Name, nil)
				}
				return c.Get(ctx, key, object, opts...)
			}}, objects...)
			if tc.location != nil {
				w.Location(t, tc.location)
			}
			result, err := w.Reconcile(t, &reconciler{Writer: w.Writer, frequency: frequency, now: func() time.Time { return now }}, "b")
			if err != nil || result.RequeueAfter != tc.after {
				t.Errorf("got %v, %v", result, err)
			}
			backup := &velerov1.Backup{}
			if !w.Read(t, "b", backup) || backup.Labels[FailureLabel] != tc.label || backup.Labels["team"] != "a" {
				t.Errorf("got labels %v", backup.Labels)
			}
			var requests velerov1.DeleteBackupRequestList
			if err := w.List(t.Context(), &requests, client.MatchingLabels{"velero.io/backup-name": "b", "velero.io/backup-uid": "uid-1"}); err != nil {
				t.Fatal(err)
			}
			if len(requests.Items) == 1 != tc.asked || tc.asked && requests.Items[0].Spec.BackupName != "b" {
				t.Errorf("got requests %+v", requests.Items)
			}
		})
	}
}

func TestNoBackup(t *testing.T) {
	w := backendtest.New(t, interceptor.Funcs{})
	if result, err := w.Reconcile(t, &reconciler{Writer: w.Writer}, "b"); err != nil || result.RequeueAfter != 0 {
		t.Errorf("got %v, %v", result, err)
	}
}
