// Package deletion is the controller that carries out DeleteBackupRequests: it deletes a backup's snapshots, then what is in
// its bucket, then the Backup and its Restores.
package deletion

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/erase"
	"github.com/velero-locations/velero-locations/controllers/internal/index"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/locations"
)

// kept is how long a processed request with errors is there to be read.
const kept = 24 * time.Hour

// reconciler carries out one request at a time.
type reconciler struct {
	mergepatch.Writer

	backend *backend.Backend
	metrics *metrics.Metrics
	now     func() time.Time
}

// Setup adds the controller to a manager.
func Setup(mgr manager.Manager, writer mergepatch.Writer, storage *backend.Backend, numbers *metrics.Metrics) error {
	return builder.ControllerManagedBy(mgr).Named("deletion").For(&velerov1.DeleteBackupRequest{}).
		Complete(&reconciler{Writer: writer, backend: storage, metrics: numbers, now: time.Now})
}

// Reconcile carries out a request. One whose controller stopped in the middle is carried out again: all steps can be
// repeated. One that was processed, and so has failed, is deleted after a day.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	request := &velerov1.DeleteBackupRequest{}
	if err := r.Get(ctx, req.NamespacedName, request); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if request.Status.Phase == velerov1.DeleteBackupRequestPhaseProcessed {
		if left := request.CreationTimestamp.Add(kept).Sub(r.now()); left > 0 {
			return reconcile.Result{RequeueAfter: left}, nil
		}
		return reconcile.Result{}, r.remove(ctx, request)
	}
	backup, location, err := r.find(ctx, request)
	var refusal *refused
	if errors.As(err, &refusal) {
		return reconcile.Result{}, r.processed(ctx, request, []error{refusal})
	}
	if err != nil {
		return reconcile.Result{}, err
	}
	if err := r.begin(ctx, request, backup); err != nil {
		return reconcile.Result{}, err
	}
	r.metrics.DeletionBegins(backup)
	problems := r.carryOut(ctx, backup, location)
	r.metrics.DeletionEnds(backup, len(problems) > 0)
	if len(problems) > 0 {
		return reconcile.Result{}, r.processed(ctx, request, problems)
	}
	return reconcile.Result{}, r.removeRequests(ctx, request)
}

// refused is why a request cannot be carried out.
type refused struct{ error }

func refuse(format string, args ...any) error { return &refused{fmt.Errorf(format, args...)} }

// find returns what a request is about, if it may be deleted.
func (r *reconciler) find(ctx context.Context, request *velerov1.DeleteBackupRequest) (*velerov1.Backup, *velerov1.BackupStorageLocation, error) {
	name := request.Spec.BackupName
	if name == "" {
		return nil, nil, refuse("spec.backupName is required: say which backup is to be deleted")
	}
	backup, location := &velerov1.Backup{}, &velerov1.BackupStorageLocation{}
	err := r.Get(ctx, types.NamespacedName{Namespace: request.Namespace, Name: name}, backup)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil, refuse("there is no backup %q", name)
	case err != nil:
		return nil, nil, fmt.Errorf("reading backup %q: %w", name, err)
	case another(request, backup):
		return nil, nil, refuse("this backup %q is not the one whose deletion was asked for: that is gone, and this was made since", name)
	case backup.Status.Phase.Running():
		return nil, nil, refuse("backup %q has not ended: it is %s", name, backup.Status.Phase)
	}
	err = r.Get(ctx, types.NamespacedName{Namespace: request.Namespace, Name: backup.Spec.StorageLocation}, location)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil, refuse("the backup storage location of the backup, %q, is not there: make it again, or delete the Backup alone", backup.Spec.StorageLocation)
	case err != nil:
		return nil, nil, fmt.Errorf("reading backup storage location %q: %w", backup.Spec.StorageLocation, err)
	case location.Spec.AccessMode == velerov1.AccessModeReadOnly:
		return nil, nil, refuse("the backup storage location %q is read-only: set its spec.accessMode to ReadWrite", location.Name)
	case location.Status.Phase != velerov1.BackupStorageLocationAvailable:
		return nil, nil, refuse("the backup storage location %q is not available: %s", location.Name, location.Status.Message)
	}
	return backup, location, nil
}

// another says whether a request is about a backup that is gone, of whose name there is one again. Whoever asks by name alone means
// the one that is there when the deletion begins.
func another(request *velerov1.DeleteBackupRequest, backup *velerov1.Backup) bool {
	uid := request.Labels[backups.UIDLabel]
	return uid != "" && uid != string(backup.UID)
}

// begin marks the backup as being deleted, and deletes other requests for it.
func (r *reconciler) begin(ctx context.Context, request *velerov1.DeleteBackupRequest, backup *velerov1.Backup) error {
	var list velerov1.DeleteBackupRequestList
	if err := r.List(ctx, &list, client.InNamespace(request.Namespace), index.RequestsAbout.Is(backup.Name)); err != nil {
		return fmt.Errorf("listing requests for deletion: %w", err)
	}
	for i := range list.Items {
		if other := &list.Items[i]; other.UID != request.UID {
			if err := r.remove(ctx, other); err != nil {
				return err
			}
		}
	}
	err := mergepatch.Write(ctx, r.Writer, request, func(d *velerov1.DeleteBackupRequest) {
		if d.Labels == nil {
			d.Labels = map[string]string{}
		}
		d.Labels[backups.NameLabel], d.Labels[backups.UIDLabel] = locations.LabelValue(backup.Name), string(backup.UID)
		d.Status.Phase = velerov1.DeleteBackupRequestPhaseInProgress
	})
	if err != nil {
		return err
	}
	// Not if it begins at this moment: then it is running, the next time.
	return mergepatch.Advance(ctx, r.Writer, backup, func(b *velerov1.Backup) { b.Status.Phase = velerov1.BackupPhaseDeleting })
}

// carryOut deletes everything, but nothing that is another backup's. As long as a snapshot cannot be deleted, the list of
// snapshots stays, and all else that is in the bucket.
func (r *reconciler) carryOut(ctx context.Context, backup *velerov1.Backup, location *velerov1.BackupStorageLocation) []error {
	store, err := r.backend.Backups(ctx, location)
	if err != nil {
		return []error{fmt.Errorf("backup storage location %q: %w", location.Name, err)}
	}
	defer store.Close()
	owned, err := store.Owns(ctx, backup)
	if err != nil {
		return []error{err}
	}
	if owned {
		if problems := erase.Data(ctx, r.Client, r.backend, store, backup); len(problems) > 0 {
			return problems
		}
	}
	if err := r.removeRestores(ctx, store.DeleteRestore, backup); err != nil {
		return []error{err}
	}
	if err := r.remove(ctx, backup); err != nil {
		return []error{err}
	}
	return nil
}

// removeRestores deletes restores of a backup, and their files: where those are is not known any more once the backup is gone.
func (r *reconciler) removeRestores(ctx context.Context, eraseFiles func(ctx context.Context, name string) error, backup *velerov1.Backup) error {
	var list velerov1.RestoreList
	if err := r.List(ctx, &list, client.InNamespace(backup.Namespace), index.RestoresFrom.Is(backup.Name)); err != nil {
		return fmt.Errorf("listing restores: %w", err)
	}
	for i := range list.Items {
		if err := eraseFiles(ctx, list.Items[i].Name); err != nil {
			return err
		}
		if err := r.remove(ctx, &list.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// processed ends a request that was not carried out.
func (r *reconciler) processed(ctx context.Context, request *velerov1.DeleteBackupRequest, problems []error) error {
	return mergepatch.Write(ctx, r.Writer, request, func(d *velerov1.DeleteBackupRequest) {
		d.Status.Phase, d.Status.Errors = velerov1.DeleteBackupRequestPhaseProcessed, nil
		for _, problem := range problems {
			d.Status.Errors = append(d.Status.Errors, problem.Error())
		}
	})
}

// removeRequests deletes a request that was carried out, and with it those of the same backup.
func (r *reconciler) removeRequests(ctx context.Context, request *velerov1.DeleteBackupRequest) error {
	var list velerov1.DeleteBackupRequestList
	same := client.MatchingLabels{backups.UIDLabel: request.Labels[backups.UIDLabel]}
	if err := r.List(ctx, &list, client.InNamespace(request.Namespace), index.RequestsAbout.Is(request.Spec.BackupName), same); err != nil {
		return fmt.Errorf("listing requests for deletion: %w", err)
	}
	for i := range list.Items {
		if err := r.remove(ctx, &list.Items[i]); err != nil {
			return err
		}
	}
	return r.remove(ctx, request)
}

// remove deletes an object, but not another of its name that was made since.
func (r *reconciler) remove(ctx context.Context, object client.Object) error {
	uid := object.GetUID()
	if err := r.Delete(ctx, object, client.Preconditions{UID: &uid}); client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("deleting %T %q: %w", object, object.GetName(), err)
	}
	return nil
}
