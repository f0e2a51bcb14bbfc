package backup

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/backup/scope"
	"github.com/velero-locations/velero-locations/locations/selection"
	"github.com/velero-locations/velero-locations/resources"
)

var specPath = field.NewPath("spec")

// plan is what was decided about a backup before it begins.
type plan struct {
	// apply writes what the backup left open into it.
	apply func(*velerov1.Backup)
	// problems are why it cannot run; undecided says that a location has not been checked yet, and all may be well in a moment.
	problems  []string
	undecided bool
	// warnings are for the results of the backup.
	warnings []string

	store             *backups.Store
	location          *velerov1.BackupStorageLocation // that the store is of
	snapshotLocations []snapshotLocation
	resources         resources.List
	scope             *scope.Scope
}

func (p *plan) close() {
	if p.store != nil {
		p.store.Close()
	}
	for _, location := range p.snapshotLocations {
		location.Close()
	}
}

func (p *plan) problem(err error) { p.problems = append(p.problems, err.Error()) }

// prepare decides everything about a backup. An error means that nothing could be decided.
func (r *reconciler) prepare(ctx context.Context, backup *velerov1.Backup) (*plan, error) {
	p := &plan{}
	var storage velerov1.BackupStorageLocationList
	var snapshots velerov1.VolumeSnapshotLocationList
	for _, list := range []client.ObjectList{&storage, &snapshots} {
		if err := r.live.List(ctx, list, client.InNamespace(backup.Namespace)); err != nil {
			return nil, fmt.Errorf("listing locations: %w", err)
		}
	}
	selected := selection.Select(selection.RequestOf(&backup.Spec), selection.LocationsOf(pointers(storage.Items), pointers(snapshots.Items)), r.opts.Defaults, specPath)
	for _, err := range selected.Errors {
		p.problem(err)
	}
	for _, warning := range selected.Warnings {
		if warning.Fails {
			p.problems = append(p.problems, warning.String())
		}
	}
	var excluded []string
	err := r.discover(ctx, p, &backup.Spec)
	if err == nil {
		excluded, err = r.excludedNamespaces(ctx, p.resources)
	}
	switch {
	case apierrors.IsForbidden(err):
		p.problem(err)
	case err != nil:
		return nil, err
	}
	p.apply = r.defaults(backup, selected, excluded)
	prepared := backup.DeepCopy()
	p.apply(prepared)
	if p.scope, err = scope.New(&prepared.Spec, p.resources); err != nil {
		p.problem(err)
	}
	p.warnings = append(p.warnings, unfulfilled(&prepared.Spec)...)
	if err := r.open(ctx, p, selected, storage.Items, snapshots.Items); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func pointers[T any](items []T) []*T {
	all := make([]*T, len(items))
	for i := range items {
		all[i] = &items[i]
	}
	return all
}
