package backup

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/erase"
)

// errStopped is why a backup failed that nobody ended.
var errStopped = errors.New("the controller stopped while the backup was being made")

// recover ends a backup whose controller stopped in the middle: with the result in its metadata, if it got that far, and
// as Failed otherwise, when what was written is cleared away. Storage that does not allow that yet is given some time.
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
	store, err := r.openStore(ctx, backup)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	published, err := store.Published(ctx, backup.Name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("what it wrote cannot be looked at: %w", err)
	case published != nil && published.UID == backup.UID:
		return published, nil
	}
	if err := r.clear(ctx, backup, store); err != nil {
		return nil, fmt.Errorf("what it wrote could not be cleared away: %w", err)
	}
	return nil, nil // absence is an answer
}

// openStore opens the location of a backup with the credentials that it has now.
func (r *reconciler) openStore(ctx context.Context, backup *velerov1.Backup) (*backups.Store, error) {
	var location velerov1.BackupStorageLocation
	if err := r.Get(ctx, types.NamespacedName{Namespace: backup.Namespace, Name: backup.Spec.StorageLocation}, &location); err != nil {
		return nil, fmt.Errorf("its location %q cannot be read: %w", backup.Spec.StorageLocation, err)
	}
	store, err := r.opts.Backend.Backups(ctx, &location)
	if err != nil {
		return nil, fmt.Errorf("its location %q cannot be opened: %w", location.Name, err)
	}
	return store, nil
}

// discardAgain clears away what a run could not, with the credentials that the location has now: those that it had
// may no longer work. It returns why the backup failed, and what is left of it if that is something.
func (r *reconciler) discardAgain(ctx context.Context, backup *velerov1.Backup, cause error) error {
	var left *leftError
	if !errors.As(cause, &left) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	store, err := r.openStore(ctx, backup)
	if err != nil {
		return left
	}
	defer store.Close()
	if err := r.clear(ctx, backup, store); err != nil {
		return left
	}
	return left.cause
}

// clear deletes the files of a backup, and its snapshots. What is there stays as it is if the backup has not claimed its
// name: then no snapshot was taken either.
func (r *reconciler) clear(ctx context.Context, backup *velerov1.Backup, store *backups.Store) error {
	claimed, err := store.Claimed(ctx, backup)
	if err != nil || !claimed {
		return err
	}
	if err := store.Withdraw(ctx, backup.Name); err != nil { // it may have been published
		return err
	}
	return errors.Join(erase.Data(ctx, r.Client, r.opts.Backend, store, backup)...)
}
