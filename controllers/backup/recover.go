package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/deletion"
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
	if problems := deletion.Snapshots(ctx, r.Client, r.opts.Backend, backup.Namespace, snapshots); len(problems) > 0 {
		return errors.Join(problems...)
	}
	return folder.clear(ctx)
}
