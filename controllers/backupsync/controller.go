// Package backupsync is the controller that makes Backups of what is found in the buckets of backup storage locations, with their
// PodVolumeBackups, and deletes those whose data is no longer there.
package backupsync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/index"
	"github.com/velero-locations/velero-locations/controllers/internal/lanes"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// workers is how many locations are synced at a time. Endpoints which do not answer hold half of them at most.
const workers = 4

// reconciler syncs one location at a time in each worker.
type reconciler struct {
	mergepatch.Writer

	live    client.Reader // from the server, not from a cache
	backend *backend.Backend
	period  time.Duration
	lanes   *lanes.Lanes
	now     func() time.Time
}

// Setup adds the controller to a manager. The period is that of locations without spec.backupSyncPeriod; 0: they are not synced.
func Setup(mgr manager.Manager, writer mergepatch.Writer, storage *backend.Backend, period time.Duration) error {
	return builder.ControllerManagedBy(mgr).Named("backup-sync").For(&velerov1.BackupStorageLocation{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(backend.Patient(&reconciler{Writer: writer, live: mgr.GetAPIReader(), backend: storage, period: period, lanes: lanes.New(workers), now: time.Now}, locations.LeastPeriod, backend.OfLocation))
}

// Reconcile syncs a location that is available, when it is due.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	location := &velerov1.BackupStorageLocation{}
	if err := r.Get(ctx, req.NamespacedName, location); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	period := r.period
	if own := location.Spec.BackupSyncPeriod; own != nil && own.Duration >= 0 {
		period = locations.Period(own.Duration)
	}
	if period == 0 || location.DeletionTimestamp != nil || !provider.SpeaksS3(location.Spec.Provider) ||
		location.Status.Phase != velerov1.BackupStorageLocationAvailable {
		return reconcile.Result{}, nil // a change of any of them brings it back
	}
	if last := location.Status.LastSyncedTime; last != nil {
		if left := last.Add(period).Sub(r.now()); left > 0 {
			return reconcile.Result{RequeueAfter: left}, nil
		}
	}
	turn, ok := r.lanes.Enter(backend.StorageEndpoint(location))
	if !ok {
		return reconcile.Result{RequeueAfter: lanes.Wait}, nil
	}
	err := turn.Ask(ctx, 0, func(ctx context.Context) error { return r.sync(ctx, location) })
	if errors.Is(err, lanes.ErrSlow) {
		return reconcile.Result{RequeueAfter: lanes.Wait}, nil // what was found so far is there
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("syncing backup storage location %q: %w", location.Name, err)
	}
	now := metav1.NewTime(r.now())
	return reconcile.Result{RequeueAfter: period}, mergepatch.Write(ctx, r.Writer, location, func(l *velerov1.BackupStorageLocation) {
		l.Status.LastSyncedTime = &now
	})
}

func (r *reconciler) sync(ctx context.Context, location *velerov1.BackupStorageLocation) error {
	store, err := r.backend.Backups(ctx, location)
	if err != nil {
		return err
	}
	defer store.Close()
	names, err := store.Names(ctx)
	if err != nil {
		return err
	}
	var known velerov1.BackupList // which is only read: the objects are the cache's
	if err := r.List(ctx, &known, client.InNamespace(location.Namespace), index.BackupsIn.Is(location.Name), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing backups: %w", err)
	}
	here := sets.New[string]()
	for i := range known.Items {
		here.Insert(known.Items[i].Name)
	}
	there := sets.New(names...)
	var taken []*velerov1.Backup
	var problems []error
	for _, name := range names {
		if here.Has(name) {
			continue
		}
		switch elsewhere, err := r.recorded(ctx, location.Namespace, name); {
		case err != nil:
			return err
		case elsewhere:
			continue
		}
		switch backup, err := r.take(ctx, location, store, name); {
		case withheld(err):
			problems = append(problems, err)
		case err != nil:
			return err
		case backup != nil:
			taken = append(taken, backup)
		}
	}
	for i := range known.Items {
		switch backup := &known.Items[i]; {
		case there.Has(backup.Name):
			if incomplete(backup) { // taken before, and not to the end
				taken = append(taken, backup.DeepCopy())
			}
		case orphan(backup, location):
			if err := r.drop(ctx, backup, location, store); err != nil {
				return err
			}
		}
	}
	return errors.Join(append(problems, r.completeAll(ctx, taken, store))...)
}

// recorded says whether there is a Backup of a name, in whatever location.
func (r *reconciler) recorded(ctx context.Context, namespace, name string) (bool, error) {
	err := r.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &velerov1.Backup{}, client.UnsafeDisableDeepCopy)
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("reading backup %q: %w", name, err)
	}
	return err == nil, nil
}

// withheld says that the storage answers, but refuses to give out an object, for which others need not wait.
func withheld(err error) bool {
	var refusal *objectstore.Error
	return errors.As(err, &refusal) && refusal.Status == http.StatusForbidden
}

// take makes the Backup of what is in a bucket, if it is one that has ended; nil: it is not. One that cannot be read does
// not hold up others.
func (r *reconciler) take(ctx context.Context, location *velerov1.BackupStorageLocation, store *backups.Store, name string) (*velerov1.Backup, error) {
	log := klog.FromContext(ctx).WithValues("location", klog.KObj(location), "backup", name)
	backup, err := store.Published(ctx, name)
	var refusal *objectstore.Error
	switch {
	case withheld(err):
		log.Error(err, "The backup in the bucket may not be read")
		return nil, err
	case errors.As(err, &refusal):
		return nil, err
	case err != nil: // it broke off, perhaps, and can be read the next time
		log.Error(err, "What is in the bucket is not a backup")
		return nil, nil
	case backup == nil:
		return nil, nil // it is being made, or deleted
	}
	if !r.adopt(backup, location, name) {
		log.V(2).Info("The backup in the bucket has not ended", "phase", backup.Status.Phase)
		return nil, nil
	}
	if err := announce(ctx, backup, store); err != nil {
		return nil, err
	}
	err = r.Create(ctx, backup, client.FieldOwner(r.FieldOwner))
	switch {
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		log.Error(err, "The backup in the bucket cannot be taken over")
		return nil, nil
	case apierrors.IsAlreadyExists(err):
		return nil, nil // the next sync knows it
	case err != nil:
		return nil, fmt.Errorf("making backup %q: %w", name, err)
	}
	return backup, nil
}

// adopt fits what was read from a bucket into this cluster, and says whether it may be taken.
func (r *reconciler) adopt(backup *velerov1.Backup, location *velerov1.BackupStorageLocation, name string) bool {
	switch backup.Status.Phase {
	case velerov1.BackupPhaseCompleted, velerov1.BackupPhasePartiallyFailed, velerov1.BackupPhaseFailed:
	case velerov1.BackupPhaseFinalizing, velerov1.BackupPhaseFinalizingPartiallyFailed,
		velerov1.BackupPhaseWaitingForPluginOperations, velerov1.BackupPhaseWaitingForPluginOperationsPartiallyFailed:
		if backup.Status.Expiration == nil || r.now().Before(backup.Status.Expiration.Time) {
			return false
		}
		backup.Status.Phase = velerov1.BackupPhasePartiallyFailed // so that it can expire
	default:
		return false
	}
	if backup.Name != name {
		return false
	}
	labels := backup.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	labels[locations.StorageLocationLabel] = locations.LabelValue(location.Name)
	annotations := maps.Clone(backup.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[backend.StoredAtAnnotation] = backend.StoredAt(location)
	backup.ObjectMeta = metav1.ObjectMeta{Namespace: location.Namespace, Name: name, Labels: labels, Annotations: annotations}
	backup.Spec.StorageLocation = location.Name
	backup.Spec.Hooks = velerov1.BackupHooks{}
	return true
}

// orphan says whether a Backup stands for data in the location, and is to go when the data has gone.
func orphan(backup *velerov1.Backup, location *velerov1.BackupStorageLocation) bool {
	place, known := backup.Annotations[backend.StoredAtAnnotation]
	return backup.Labels[locations.StorageLocationLabel] == locations.LabelValue(location.Name) && (!known || place == backend.StoredAt(location)) &&
		backups.Restorable(backup.Status.Phase)
}

// drop deletes a Backup whose data is not there; what it owns goes with it. It looks again: the backup may have
// ended since the bucket was listed, and in another place, if the location has moved there.
func (r *reconciler) drop(ctx context.Context, backup *velerov1.Backup, location *velerov1.BackupStorageLocation, store *backups.Store) error {
	exists, err := store.Exists(ctx, backup.Name)
	if err != nil || exists {
		return err
	}
	if err := backend.Unmoved(ctx, r.live, location); err != nil {
		return err
	}
	// Only this one: another of its name may have been made in the meantime.
	err = r.Delete(ctx, backup, client.Preconditions{UID: &backup.UID})
	if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("deleting backup %q, whose data is gone: %w", backup.Name, err)
	}
	return nil
}
