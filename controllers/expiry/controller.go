// Package expiry is the controller that asks for the deletion of expired Backups.
package expiry

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/index"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/locations"
)

// FailureLabel says why an expired backup is still there. Its values are Velero's.
const FailureLabel = "velero.io/gc-failure"

const (
	locationNotFound = "BSLNotFound"
	locationUnread   = "BSLCannotGet"
	locationReadOnly = "BSLReadOnly"
)

// reconciler looks at one backup at a time.
type reconciler struct {
	mergepatch.Writer

	frequency time.Duration
	now       func() time.Time
}

// Setup adds the controller to a manager. The frequency is how often it looks again at an expired backup that cannot be deleted.
func Setup(mgr manager.Manager, writer mergepatch.Writer, frequency time.Duration) error {
	return builder.ControllerManagedBy(mgr).Named("expiry").For(&velerov1.Backup{}).
		Complete(&reconciler{Writer: writer, frequency: frequency, now: time.Now})
}

// Reconcile makes a DeleteBackupRequest for an expired backup, unless one is under way or its location does not allow it. A
// deletion that failed is tried again.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	backup := &velerov1.Backup{}
	if err := r.Get(ctx, req.NamespacedName, backup); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	expiration, phase := backup.Status.Expiration, backup.Status.Phase
	if expiration == nil || backup.DeletionTimestamp != nil || phase.Waiting() || phase.Running() {
		return reconcile.Result{}, nil
	}
	if left := expiration.Sub(r.now()); left > 0 {
		return reconcile.Result{RequeueAfter: left}, nil
	}
	again := reconcile.Result{RequeueAfter: r.frequency}
	available, failure, err := r.obstacle(ctx, backup)
	if err != nil {
		return reconcile.Result{}, err
	}
	if err := mergepatch.Write(ctx, r.Writer, backup, func(b *velerov1.Backup) { label(b, failure) }); err != nil {
		return reconcile.Result{}, err
	}
	if failure != "" || !available {
		return again, nil
	}
	pending, err := r.pending(ctx, backup)
	if err != nil || pending {
		return again, err
	}
	if err := r.Create(ctx, newRequest(backup), client.FieldOwner(r.FieldOwner)); err != nil {
		return reconcile.Result{}, fmt.Errorf("asking for the deletion of the backup: %w", err)
	}
	return again, nil
}

// obstacle returns the value of the failure label, empty if none, and whether the location can be used now.
func (r *reconciler) obstacle(ctx context.Context, backup *velerov1.Backup) (available bool, failure string, err error) {
	var location velerov1.BackupStorageLocation
	err = r.Get(ctx, types.NamespacedName{Namespace: backup.Namespace, Name: backup.Spec.StorageLocation}, &location)
	switch {
	case apierrors.IsNotFound(err):
		return false, locationNotFound, nil
	case apierrors.IsForbidden(err):
		return false, locationUnread, nil
	case err != nil:
		return false, "", fmt.Errorf("reading backup storage location %q: %w", backup.Spec.StorageLocation, err)
	case location.Spec.AccessMode == velerov1.AccessModeReadOnly:
		return false, locationReadOnly, nil
	}
	return location.Status.Phase == velerov1.BackupStorageLocationAvailable, "", nil
}

func label(backup *velerov1.Backup, failure string) {
	if failure == "" {
		delete(backup.Labels, FailureLabel)
		return
	}
	if backup.Labels == nil {
		backup.Labels = map[string]string{}
	}
	backup.Labels[FailureLabel] = failure
}

// pending says whether a request for the backup has not been processed yet.
func (r *reconciler) pending(ctx context.Context, backup *velerov1.Backup) (bool, error) {
	var list velerov1.DeleteBackupRequestList
	if err := r.List(ctx, &list, client.InNamespace(backup.Namespace), index.RequestsAbout.Is(backup.Name), client.UnsafeDisableDeepCopy); err != nil { // they are only read
		return false, fmt.Errorf("listing the requests for deletion: %w", err)
	}
	for i := range list.Items {
		if list.Items[i].Status.Phase != velerov1.DeleteBackupRequestPhaseProcessed {
			return true, nil
		}
	}
	return false, nil
}

// newRequest returns a request as Velero makes it.
func newRequest(backup *velerov1.Backup) *velerov1.DeleteBackupRequest {
	return &velerov1.DeleteBackupRequest{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: backup.Namespace, GenerateName: backup.Name + "-",
			Labels: map[string]string{backups.NameLabel: locations.LabelValue(backup.Name), backups.UIDLabel: string(backup.UID)},
		},
		Spec: velerov1.DeleteBackupRequestSpec{BackupName: backup.Name},
	}
}
