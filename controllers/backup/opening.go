package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/locations/selection"
)

// open opens the selected locations. What keeps one from being opened is a problem of the backup.
func (r *reconciler) open(ctx context.Context, p *plan, selected selection.Result, storage []velerov1.BackupStorageLocation, snapshots []velerov1.VolumeSnapshotLocation) error {
	for i := range storage {
		location := &storage[i]
		if location.Name != selected.StorageLocation {
			continue
		}
		reached := provider.SpeaksS3(location.Spec.Provider)
		// A location of another provider is never checked here, and one with a message cannot be checked: opening it says why.
		p.undecided = reached && location.Status.Phase == "" && location.Status.Message == ""
		if reached && len(p.problems) > 0 {
			return nil
		}
		p.location = location
		var err error
		if p.store, err = r.opts.Backend.Backups(ctx, location); err != nil {
			return p.refuse("backup storage location", location.Name, err)
		}
	}
	for i := range snapshots {
		if !slices.Contains(selected.SnapshotLocations, snapshots[i].Name) {
			continue
		}
		if err := r.openSnapshots(ctx, p, &snapshots[i]); err != nil {
			return err
		}
	}
	return nil
}

// openSnapshots opens a volume snapshot location. That there is no driver for it is a warning.
func (r *reconciler) openSnapshots(ctx context.Context, p *plan, location *velerov1.VolumeSnapshotLocation) error {
	if _, found := r.opts.Backend.Driver(location.Spec.Provider); !found {
		p.warnings = append(p.warnings, fmt.Sprintf("volume snapshot location %q: no volumes of provider %q are snapshotted: there is no driver for it here", location.Name, location.Spec.Provider))
		return nil
	}
	opened, err := r.opts.Backend.Snapshotter(ctx, location)
	if err != nil {
		return p.refuse("volume snapshot location", location.Name, err)
	}
	p.snapshotLocations = append(p.snapshotLocations, snapshotLocation{name: location.Name, Snapshotter: opened})
	return nil
}

// refuse makes a problem of the backup of what is one of a location, and an error of what is one of the API.
func (p *plan) refuse(kind, name string, err error) error {
	var failure *backend.APIError
	if errors.As(err, &failure) {
		return failure
	}
	if credentials.AreElsewhere(err) {
		p.problem(fmt.Errorf("%s %q cannot be used from here: %w", kind, name, err))
		return nil
	}
	p.problem(fmt.Errorf("%s %q: %w", kind, name, err))
	return nil
}
