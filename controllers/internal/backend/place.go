package backend

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// StoredAtAnnotation says where the data of a Backup was written to, as StoredAt does. Only what is missing there is gone.
const StoredAtAnnotation = "velero-locations.io/stored-at"

// StoredAt says in text where the backups of a location are, such as "aws minio.example:9000 backups/team-a". Locations of which it says
// the same are one place, however they are written.
func StoredAt(location *velerov1.BackupStorageLocation) string {
	words := []string{strings.TrimSpace(provider.Endpoint(location.Spec.Provider, location.Spec.Config))}
	if storage := location.Spec.ObjectStorage; storage != nil {
		words = append(words, strings.Trim(strings.Trim(storage.Bucket, "/")+"/"+locations.NormalPrefix(storage.Prefix), "/"))
	}
	return strings.Join(words, " ")
}

// ErrMoved says that a location is no longer where it was when it was opened.
var ErrMoved = errors.New("the location has changed")

// Unmoved returns nil if a location that was opened still is, and is in the same place. The reader reads from the server.
func Unmoved(ctx context.Context, live client.Reader, opened *velerov1.BackupStorageLocation) error {
	now := &velerov1.BackupStorageLocation{}
	err := live.Get(ctx, client.ObjectKeyFromObject(opened), now)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("looking where backup storage location %q is: %w", opened.Name, err)
	case err != nil || now.UID != opened.UID:
		return fmt.Errorf("%w: backup storage location %q was deleted", ErrMoved, opened.Name)
	case StoredAt(now) != StoredAt(opened):
		return fmt.Errorf("%w: backup storage location %q was at %q, and is at %q now", ErrMoved, opened.Name, StoredAt(opened), StoredAt(now))
	}
	return nil
}
