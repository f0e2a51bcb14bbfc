// Package destination finds out where backups go, among the locations that the server serves.
package destination

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations/selection"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// Select decides where a backup of the spec goes, in the namespace of the request. The path is that of the spec.
func Select(ctx context.Context, view *generic.View, spec *v1.BackupSpec, path *field.Path) (selection.Result, error) {
	storage, snapshots := v1.Resource("backupstoragelocations"), v1.Resource("volumesnapshotlocations")
	if env := view.Environment; env.Store(storage) == nil || env.Store(snapshots) == nil {
		return selection.Result{}, generic.ErrNotServed
	}
	storageLocations, err := generic.List[*v1.BackupStorageLocation](ctx, view, storage, fields.Everything())
	if err != nil {
		return selection.Result{}, err
	}
	snapshotLocations, err := generic.List[*v1.VolumeSnapshotLocation](ctx, view, snapshots, fields.Everything())
	if err != nil {
		return selection.Result{}, err
	}
	return selection.Select(selection.RequestOf(spec), selection.LocationsOf(storageLocations, snapshotLocations), view.Environment.Defaults, path), nil
}

// Errors are all reasons for which a backup of the spec can go nowhere now.
func Errors(ctx context.Context, view *generic.View, spec *v1.BackupSpec, path *field.Path) field.ErrorList {
	result, errs := check(ctx, view, spec, path)
	return append(errs, result.Errors...)
}

// LastingErrors are the Errors without those that are gone once a location is made: of these there are Warnings.
func LastingErrors(ctx context.Context, view *generic.View, spec *v1.BackupSpec, path *field.Path) field.ErrorList {
	result, errs := check(ctx, view, spec, path)
	return append(errs, result.Lasting()...)
}

func check(ctx context.Context, view *generic.View, spec *v1.BackupSpec, path *field.Path) (selection.Result, field.ErrorList) {
	result, err := Select(ctx, view, spec, path)
	if err != nil && !errors.Is(err, generic.ErrNotServed) {
		return result, field.ErrorList{field.InternalError(path.Child("storageLocation"), err)}
	}
	return result, nil
}

// Warnings are about the locations that a backup of the spec goes to now, as far as they can be found out.
func Warnings(ctx context.Context, view *generic.View, spec *v1.BackupSpec, path *field.Path) []string {
	return warnings(ctx, view, spec, path, func(selection.Warning) bool { return true })
}

// LastingWarnings are the Warnings without those that are gone before long: of locations that were made together with a schedule, each is new.
func LastingWarnings(ctx context.Context, view *generic.View, spec *v1.BackupSpec, path *field.Path) []string {
	return warnings(ctx, view, spec, path, func(w selection.Warning) bool { return !w.Passing })
}

func warnings(ctx context.Context, view *generic.View, spec *v1.BackupSpec, path *field.Path, matter func(selection.Warning) bool) []string {
	result, err := Select(ctx, view, spec, path)
	if err != nil {
		return nil
	}
	texts := make([]string, 0, len(result.Missing)+len(result.Warnings))
	for _, err := range result.Missing {
		texts = append(texts, err.Error()+" (until it is there, backups fail)")
	}
	for _, warning := range result.Warnings {
		if matter(warning) {
			texts = append(texts, warning.String())
		}
	}
	return texts
}

// Same says whether two specs ask for the same locations.
func Same(a, b *v1.BackupSpec) bool {
	return a.StorageLocation == b.StorageLocation && slices.Equal(a.VolumeSnapshotLocations, b.VolumeSnapshotLocations) &&
		snapshots(a) == snapshots(b)
}

func snapshots(spec *v1.BackupSpec) bool {
	return spec.SnapshotVolumes == nil || *spec.SnapshotVolumes
}
