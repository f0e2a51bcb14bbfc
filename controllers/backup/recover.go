package backup

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/erase"
)

// errStopped is why a backup failed that nobody ended.
var errStopped = errors.New("the controller stopped while the backup was being made")

// recover ends a backup whose controller stopped in the middle: with the result in its metadata, if it came so far, and
// as Failed otherwise, when what was written is cleared away. Storage that does not let that be done is given some time.
func (r *reconciler) recover(ctx context.Context, backup *velerov1.Backup) (reconcile.Result, error) {
	since := r.queue.interruptedSince(backup, r.now())
	published, err := r.settle(ctx, backup)
	switch {
	case err != nil && r.now().Sub(since) < r.opts.LocationWait:
		klog.FromContext(ctx).V(2).Info("An interrupted backup cannot be ended yet", "err", err)
		return reconcile.Result{RequeueAfter: again}, nil
	case err != nil:
		return reconcile.Result{}, r.fail(ctx, backup, fmt.Errorf("%w; %w", errStopped, err))
	case published != nil:
		return reconcile.Result{}, r.end(ctx, backup, func(b *velerov1.Backup) { b.Status = published.Status })
	}
	return reconcile.Result{}, r.fail(ctx, backup, errStopped)
}

// settle returns a backup as it was published, if it was, and clears it away if it was not.
func (r *reconciler) settle(ctx context.Context, backup *velerov1.Backup) (*velerov1.Backup, error) {
	folder, err := r.openFolder(ctx, backup)
	if err != nil {
		return nil, err
	}
	defer folder.store.Close()
	published, err := folder.published(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("what it wrote cannot be looked at: %w", err)
	case published != nil && published.UID == backup.UID:
		return published, nil
	}
	if err := r.clear(ctx, backup, folder); err != nil {
		return nil, fmt.Errorf("what it wrote could not be cleared away: %w", err)
	}
	return nil, nil // absence is an answer
}

// openFolder opens the folder of a backup with the credentials that its location has now.
func (r *reconciler) openFolder(ctx context.Context, backup *velerov1.Backup) (*folder, error) {
	var location velerov1.BackupStorageLocation
	if err := r.Get(ctx, types.NamespacedName{Namespace: backup.Namespace, Name: backup.Spec.StorageLocation}, &location); err != nil {
		return nil, fmt.Errorf("its location %q cannot be read: %w", backup.Spec.StorageLocation, err)
	}
	store, place, err := r.opts.Backend.ObjectStore(ctx, &location)
	if err != nil {
		return nil, fmt.Errorf("its location %q cannot be opened: %w", location.Name, err)
	}
	return &folder{store: store, place: place, name: backup.Name, uid: string(backup.UID)}, nil
}

// discardAgain clears away what a run could not, with the credentials that the location has now: those that it had
// may be of no more use. It returns why the backup failed, and what is left of it if that is something.
func (r *reconciler) discardAgain(ctx context.Context, backup *velerov1.Backup, cause error) error {
	var left *leftError
	if !errors.As(cause, &left) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	folder, err := r.openFolder(ctx, backup)
	if err != nil {
		return left
	}
	defer folder.store.Close()
	if err := r.clear(ctx, backup, folder); err != nil {
		return left
	}
	return left.cause
}

// clear deletes the files of a backup, and its snapshots. A folder that is not the backup's stays as it is: then no
// snapshot was taken either.
func (r *reconciler) clear(ctx context.Context, backup *velerov1.Backup, folder *folder) error {
	owned, err := folder.owned(ctx)
	if err != nil || !owned {
		return err
	}
	folder.announced = true // who knows
	if err := folder.hide(ctx); err != nil {
		return err
	}
	return errors.Join(erase.Data(ctx, r.Client, r.opts.Backend, backup, folder.store, folder.place)...)
}
