package deletion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/objectstore"
)

// owns says whether what is in the bucket under a backup's name is that backup's. It is not if the backup failed because
// the name was taken, or never began: then it belongs to a backup of another cluster, or to one whose record is gone.
func owns(ctx context.Context, store objectstore.Store, place locations.Place, backup *velerov1.Backup) (bool, error) {
	var stored velerov1.Backup
	found, err := readFile(ctx, store, backups.Metadata.Key(place, backup.Name), func(r io.Reader) error {
		return json.NewDecoder(r).Decode(&stored) // not shown
	})
	if err != nil {
		return false, err
	}
	if found {
		// The record of a backup that was found in a bucket has a UID of its own, but began when that did.
		return stored.UID == backup.UID || stored.Status.StartTimestamp.Equal(backup.Status.StartTimestamp), nil
	}
	var owner string
	_, err = readFile(ctx, store, backups.Log.Key(place, backup.Name), func(r io.Reader) (err error) {
		owner, err = backups.LogOwner(r)
		return err // not shown
	})
	return owner == "" || owner == string(backup.UID), err
}

// readFile says whether there is a file that can be read. One that cannot be understood is none.
func readFile(ctx context.Context, store objectstore.Store, key string, read func(io.Reader) error) (bool, error) {
	content, err := store.Get(ctx, key)
	if errors.Is(err, objectstore.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("finding out whose backup is in the bucket: %w", err)
	}
	defer func() { _ = content.Close() }()
	return read(content) == nil, nil
}
