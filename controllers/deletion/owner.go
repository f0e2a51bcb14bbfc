package deletion

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/internal/backups"
	"github.com/velero-locations/velero-locations/locations"
)

// owns says whether what is in the bucket under a backup's name is that backup's. It is not if the backup failed because
// the name was taken, or never began: then it belongs to a backup of another cluster, or to one whose record is gone.
func owns(ctx context.Context, store objectstore.Store, place locations.Place, backup *velerov1.Backup) (bool, error) {
	metadata, err := readFile(ctx, store, backups.Metadata.Key(place, backup.Name))
	if err != nil {
		return false, err
	}
	var stored velerov1.Backup
	if json.Unmarshal(metadata, &stored) == nil {
		return stored.UID == backup.UID || sameRun(&stored.Status, &backup.Status), nil
	}
	log, err := readFile(ctx, store, backups.Log.Key(place, backup.Name))
	if err != nil {
		return false, err
	}
	owner, _ := backups.LogOwner(bytes.NewReader(log)) // one that cannot be understood names nobody
	begun := backup.Status.StartTimestamp != nil
	return owner == "" && begun || owner == string(backup.UID), nil
}

// sameRun tells the record of a backup that was found in a bucket, which has a UID of its own, by how that went. When it
// began does not suffice: of one schedule in two clusters, a run begins in both at once, and the second finds the name taken.
func sameRun(stored, recorded *velerov1.BackupStatus) bool {
	return recorded.StartTimestamp != nil && stored.StartTimestamp.Equal(recorded.StartTimestamp) &&
		stored.CompletionTimestamp.Equal(recorded.CompletionTimestamp) && stored.FailureReason == recorded.FailureReason
}

// readFile returns what is in a file; nothing if there is none.
func readFile(ctx context.Context, store objectstore.Store, key string) ([]byte, error) {
	content, err := objectstore.ReadAll(ctx, store, key)
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("finding out whose backup is in the bucket: %w", err)
	}
	return content, nil
}
