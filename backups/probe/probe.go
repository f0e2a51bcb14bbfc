package probe

import (
	"context"
	"crypto/rand"

	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations"
)

// List makes the check that Velero makes: one listing of the top of a place, where only Velero's directories may be.
func List(ctx context.Context, store objectstore.Store, place locations.Place) error {
	names, err := store.CommonPrefixes(ctx, place.Root())
	if err != nil {
		return err
	}
	return locations.CheckDirectories(place, names)
}

// Write finds out whether a place can be written to, and leaves nothing there, whatever the bucket keeps of what is deleted. The
// first error is why not, or objectstore.ErrUnsupported where that cannot be found out; the second, why something may be left.
func Write(ctx context.Context, store objectstore.Bucket, place locations.Place) (refused, left error) {
	return store.TryUpload(ctx, key(place))
}

// key is where something is written to be deleted: beside the directories of backups, where policies let backups be written, and
// neither Velero nor anything here looks for one. No two are the same.
func key(place locations.Place) string {
	return place.Root() + "backups/.velero-locations-check-" + rand.Text()
}
