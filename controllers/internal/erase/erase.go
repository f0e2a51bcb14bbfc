// Package erase deletes what a backup has stored: its snapshots, and its files in object storage.
package erase

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
)

// Data deletes the snapshots of a backup, and its files once they are gone. Each error is about something that could not be
// deleted; a snapshot that could not does not keep the others.
func Data(ctx context.Context, reader client.Reader, storage *backend.Backend, store *backups.Store, backup *velerov1.Backup) []error {
	list, found, err := store.Snapshots(ctx, backup.Name)
	if err != nil {
		return []error{fmt.Errorf("reading the list of the backup's snapshots: %w", err)}
	}
	snapshots := newSnapshots(reader, storage, backup)
	defer snapshots.close()
	if found {
		snapshots.deleteListed(ctx, list)
	} else {
		snapshots.deleteTagged(ctx)
	}
	if len(snapshots.problems) > 0 {
		return snapshots.problems
	}
	if err := store.Delete(ctx, backup.Name); err != nil {
		return []error{err}
	}
	return nil
}
