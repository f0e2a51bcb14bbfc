package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/objectstore"
)

// errStopped is why a backup failed that nobody ended.
var errStopped = errors.New("the controller stopped while the backup was being made")

// recover ends a backup whose controller stopped in the middle: with the result in its metadata, if it came so far, and
// as Failed otherwise, when what was written is cleared away.
func (r *reconciler) recover(ctx context.Context, backup *velerov1.Backup) error {
	var location velerov1.BackupStorageLocation
	if err := r.Get(ctx, types.NamespacedName{Namespace: backup.Namespace, Name: backup.Spec.StorageLocation}, &location); err != nil {
		return r.fail(ctx, backup, fmt.Errorf("%w; its location %q cannot be read: %w", errStopped, backup.Spec.StorageLocation, err))
	}
	store, place, err := r.opts.Backend.ObjectStore(ctx, &location)
	if err != nil {
		return r.fail(ctx, backup, fmt.Errorf("%w; its location %q cannot be opened: %w", errStopped, location.Name, err))
	}
	defer store.Close()

	folder := &folder{store: store, place: place, name: backup.Name, uid: string(backup.UID)}
	published, err := folder.published(ctx)
	switch {
	case err != nil:
		return r.fail(ctx, backup, fmt.Errorf("%w; what it wrote cannot be looked at: %w", errStopped, err))
	case published != nil && published.UID == backup.UID:
		return r.end(ctx, backup, func(b *velerov1.Backup) { b.Status = published.Status })
	}
	if err := r.clear(ctx, backup, folder); err != nil {
		return r.fail(ctx, backup, fmt.Errorf("%w; what it wrote could not be cleared away: %w", errStopped, err))
	}
	return r.fail(ctx, backup, errStopped)
}

// clear deletes the files of a backup, and the snapshots that are recorded in them. A folder that is not the backup's
// stays as it is.
func (r *reconciler) clear(ctx context.Context, backup *velerov1.Backup, folder *folder) error {
	owned, err := folder.owned(ctx)
	if err != nil || !owned {
		return err
	}
	var snapshots []backups.Snapshot
	switch content, err := folder.read(ctx, backups.VolumeSnapshots); {
	case errors.Is(err, objectstore.ErrNotFound):
	case err != nil:
		return err
	default:
		if err := backups.Decode(bytes.NewReader(content), &snapshots); err != nil {
			return err //nolint:wrapcheck // says all there is
		}
	}
	for _, snapshot := range snapshots {
		if err := r.deleteSnapshot(ctx, backup.Namespace, snapshot); err != nil {
			return err
		}
	}
	return folder.clear(ctx)
}

func (r *reconciler) deleteSnapshot(ctx context.Context, namespace string, snapshot backups.Snapshot) error {
	if snapshot.Status.ProviderSnapshotID == "" {
		return nil
	}
	var location velerov1.VolumeSnapshotLocation
	if err := r.Get(ctx, types.NamespacedName{Namespace: namespace, Name: snapshot.Spec.Location}, &location); err != nil {
		return fmt.Errorf("reading volume snapshot location %q: %w", snapshot.Spec.Location, err)
	}
	volumes, err := r.opts.Backend.Snapshotter(ctx, &location)
	if err != nil {
		return fmt.Errorf("volume snapshot location %q: %w", location.Name, err)
	}
	defer volumes.Close()
	return volumes.DeleteSnapshot(ctx, snapshot.Status.ProviderSnapshotID) //nolint:wrapcheck // says all there is
}
