// Package erase deletes what a backup has stored: its snapshots, and its files in object storage.
package erase

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/internal/backups"
	"github.com/velero-locations/velero-locations/locations"
)

// Data deletes the snapshots of a backup, and, once they are gone, what is in its folder. What cannot be deleted is told, and
// does not keep other snapshots.
func Data(ctx context.Context, reader client.Reader, storage *backend.Backend, backup *velerov1.Backup, store objectstore.Store, place locations.Place) []error {
	list, found, err := readSnapshots(ctx, store, place, backup.Name)
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
	if err := Files(ctx, store, place, backup.Name); err != nil {
		return []error{err}
	}
	return nil
}

// readSnapshots returns the list of snapshots in a backup's folder, if there is one.
func readSnapshots(ctx context.Context, store objectstore.Store, place locations.Place, name string) (list []backups.Snapshot, found bool, err error) {
	content, err := store.Get(ctx, backups.VolumeSnapshots.Key(place, name))
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = content.Close() }()
	return list, true, backups.Decode(content, &list)
}

// Files deletes what is in the folder of a backup. Wherever it stops, it can be repeated: the metadata goes first, without
// which others see no backup, and the log last, which says whose the folder is for as long as anything is in it.
func Files(ctx context.Context, store objectstore.Store, place locations.Place, name string) error {
	fail := func(err error) error { return fmt.Errorf("deleting the backup's files: %w", err) }
	if err := store.Abandon(ctx, backups.Contents.Key(place, name)); err != nil {
		return fail(err)
	}
	first, last := backups.Metadata.Key(place, name), backups.Log.Key(place, name)
	keys := []string{first}
	for key, err := range store.Keys(ctx, backups.Directory(place, name)) {
		if err != nil {
			return fail(err)
		}
		if key != first && key != last {
			keys = append(keys, key)
		}
	}
	for _, key := range append(keys, last) {
		if err := store.Delete(ctx, key); err != nil {
			return fail(err)
		}
	}
	return nil
}
