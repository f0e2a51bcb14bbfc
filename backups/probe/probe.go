package probe

import (
	"context"
	"crypto/rand"
	"errors"
	"regexp"

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
	refused, left = store.TryUpload(ctx, key(place))
	var answer *objectstore.Error
	if errors.As(refused, &answer) {
		answer.Key = place.Root() + "backups/" // which says the same each time
	}
	return refused, left
}

// key is where something is written to be deleted: beside the directories of backups, where policies let backups be written, and
// neither Velero nor anything here looks for one. No two are the same.
func key(place locations.Place) string { return keys(place) + rand.Text() }

// keys is what all of them begin with.
func keys(place locations.Place) string { return place.Root() + "backups/.velero-locations-check-" }

// random is what rand.Text returns.
var random = regexp.MustCompile(`^[A-Z2-7]{26,}$`)
