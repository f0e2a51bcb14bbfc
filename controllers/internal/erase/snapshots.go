package erase

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
)

// snapshots deletes the snapshots of a backup.
type snapshots struct {
	reader  client.Reader
	storage *backend.Backend
	backup  *velerov1.Backup

	opened   map[string]snapshotter.Snapshotter // by location; nil: it cannot be opened
	problems []error
}

func newSnapshots(reader client.Reader, storage *backend.Backend, backup *velerov1.Backup) *snapshots {
	return &snapshots{reader: reader, storage: storage, backup: backup, opened: map[string]snapshotter.Snapshotter{}}
}

func (s *snapshots) close() {
	for _, volumes := range s.opened {
		if volumes != nil {
			volumes.Close()
		}
	}
}

func (s *snapshots) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Errorf(format, args...))
}

// deleteListed deletes those of a list, through the locations that they were taken in.
func (s *snapshots) deleteListed(ctx context.Context, list []backups.Snapshot) {
	for _, snapshot := range list {
		id, location := snapshot.Status.ProviderSnapshotID, snapshot.Spec.Location
		if id == "" {
			continue
		}
		volumes, tried := s.opened[location]
		if !tried {
			var err error
			if volumes, err = s.open(ctx, location); err != nil {
				s.problem("volume snapshot location %q, which has snapshots of the backup: %w", location, err)
			}
			s.opened[location] = volumes
		}
		if volumes != nil && !s.delete(ctx, volumes, id) {
			volumes.Close()
			s.opened[location] = nil
		}
	}
}

// deleteTagged deletes those that have the tags of the backup, in the locations that it selected: it was interrupted before
// there was a list of them. In a location that is gone by now, or has no driver, there are none that could be found.
func (s *snapshots) deleteTagged(ctx context.Context) {
	if wanted := s.backup.Spec.SnapshotVolumes; wanted != nil && !*wanted {
		return
	}
	for _, location := range s.backup.Spec.VolumeSnapshotLocations {
		if _, tried := s.opened[location]; tried {
			continue
		}
		volumes, err := s.open(ctx, location)
		if errors.Is(err, errGone) || errors.Is(err, backend.ErrNoDriver) {
			continue
		}
		var found []string
		if s.opened[location] = volumes; err == nil {
			found, err = volumes.FindSnapshots(ctx, backups.SnapshotTags(s.backup))
		}
		if err != nil {
			s.problem("volume snapshot location %q, which may have snapshots of the backup: %w", location, err)
		}
		for _, id := range found {
			if !s.delete(ctx, volumes, id) {
				break
			}
		}
	}
}

// delete deletes a snapshot, and says whether it makes sense to go on: to wait for each of many answers takes too long.
func (s *snapshots) delete(ctx context.Context, volumes snapshotter.Snapshotter, id string) bool {
	err := volumes.DeleteSnapshot(ctx, id)
	if err != nil {
		s.problem("deleting snapshot %s: %w", id, err)
	}
	return snapshotter.ReasonOf(err) != snapshotter.Unreachable
}

// errGone says that there is no such location.
var errGone = errors.New("it is not there: make it again, or delete the snapshots yourself and their list in the bucket")

func (s *snapshots) open(ctx context.Context, name string) (snapshotter.Snapshotter, error) {
	var location velerov1.VolumeSnapshotLocation
	err := s.reader.Get(ctx, types.NamespacedName{Namespace: s.backup.Namespace, Name: name}, &location)
	if apierrors.IsNotFound(err) {
		return nil, errGone
	}
	if err != nil {
		return nil, fmt.Errorf("reading it: %w", err)
	}
	return s.storage.Snapshotter(ctx, &location)
}
