package deletion

import (
	"context"
	"fmt"

	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/objectstore"
)

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
