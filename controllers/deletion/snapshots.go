package deletion

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/backend"
	"github.com/velero-locations/velero-locations/snapshotter"
)

// Snapshots deletes the snapshots of a backup in a namespace, through the locations that they were taken in. What cannot
// be deleted is told, and does not keep the others.
func Snapshots(ctx context.Context, reader client.Reader, storage *backend.Backend, namespace string, snapshots []backups.Snapshot) []error {
	var problems []error
	opened := map[string]snapshotter.Snapshotter{}
	defer func() {
		for _, volumes := range opened {
			if volumes != nil {
				volumes.Close()
			}
		}
	}()
	for _, snapshot := range snapshots {
		id, location := snapshot.Status.ProviderSnapshotID, snapshot.Spec.Location
		if id == "" {
			continue
		}
		volumes, tried := opened[location]
		if !tried {
			var err error
			if volumes, err = open(ctx, reader, storage, namespace, location); err != nil {
				problems = append(problems, fmt.Errorf("volume snapshot location %q, which has snapshots of the backup: %w", location, err))
			}
			opened[location] = volumes
		}
		if volumes == nil {
			continue
		}
		if err := volumes.DeleteSnapshot(ctx, id); err != nil {
			problems = append(problems, fmt.Errorf("deleting snapshot %s: %w", id, err))
		}
	}
	return problems
}

func open(ctx context.Context, reader client.Reader, storage *backend.Backend, namespace, name string) (snapshotter.Snapshotter, error) {
	var location velerov1.VolumeSnapshotLocation
	err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &location)
	if apierrors.IsNotFound(err) {
		return nil, errors.New("it is not there: make it again, or delete the snapshots yourself and their list in the bucket")
	}
	if err != nil {
		return nil, fmt.Errorf("reading it: %w", err)
	}
	return storage.Snapshotter(ctx, &location) //nolint:wrapcheck // says all there is
}
