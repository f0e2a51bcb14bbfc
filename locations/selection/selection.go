// Package selection decides where a backup goes: to which backup storage location, and by which volume snapshot
// locations its volumes are snapshotted. It follows Velero's rules, decides the same whoever asks, and does no I/O.
package selection

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Request is what the spec of a backup, or of a schedule's template, asks for.
type Request struct {
	// StorageLocation by name. Empty: the default one.
	StorageLocation string
	// VolumeSnapshotLocations by name.
	VolumeSnapshotLocations []string
	// SnapshotVolumes is false where volumes are not to be snapshotted, which needs no location.
	SnapshotVolumes *bool
}

// Locations are those of the backup's namespace, in any order.
type Locations struct {
	Storage   []StorageLocation
	Snapshots []SnapshotLocation
}

// StorageLocation is what matters of a backup storage location.
type StorageLocation struct {
	Name string
	// Default is spec.default.
	Default bool
	// ReadOnly locations take no backups.
	ReadOnly bool
	// Status that the last check found.
	Status
}

// SnapshotLocation is what matters of a volume snapshot location.
type SnapshotLocation struct {
	Name, Provider string
	Config         map[string]string
	// Status that the last check found. Nothing but this project writes one.
	Status
}

// Status of a location.
type Status struct {
	// Phase is Available or Unavailable; empty before the first check, and with a message where no check can be made.
	Phase string
	// Message says why the location is unavailable, or cannot be checked.
	Message string
}

// Phases of a location.
const (
	Available   = "Available"
	Unavailable = "Unavailable"
)

// Defaults are what a server selects where a namespace does not say.
type Defaults struct {
	// StorageLocation is taken where no location is the default; Velero's own is DefaultStorageLocation.
	StorageLocation string
	// SnapshotLocations are taken for providers that have several.
	SnapshotLocations SnapshotDefaults
}

// DefaultStorageLocation is the name of the location that `velero install` makes.
const DefaultStorageLocation = "default"

// Result says what was selected.
type Result struct {
	// StorageLocation is the name of the one that was selected, or is missing; empty if no name is known.
	StorageLocation string
	// SnapshotLocations are the names of those selected: first those asked for, in their order, then the others in
	// the order of their providers' names. None if there are errors about them, or volumes are not to be snapshotted.
	SnapshotLocations []string
	// Errors are all reasons for which the backup can go nowhere, as the locations are.
	Errors field.ErrorList
	// Missing are those of the Errors that are gone once another location is made.
	Missing field.ErrorList
	// Warnings are about selected locations that may not do.
	Warnings []Warning
}

// Warning is about a selected location.
type Warning struct {
	// Field that the location is named in, or could be.
	Field string
	// Message stands behind the field.
	Message string
	// Fails says that a backup that runs now fails for it; it may pass.
	Fails bool
	// Passing says that it is gone before long, so that it is of use only to a backup that runs now.
	Passing bool
}

// Lasting are those of the Errors that no other location can mend.
func (r *Result) Lasting() field.ErrorList {
	return slices.DeleteFunc(slices.Clone(r.Errors), func(err *field.Error) bool { return slices.Contains(r.Missing, err) })
}

// String is the warning as users are shown it.
func (w Warning) String() string { return w.Field + ": " + w.Message }

// Select decides where a backup goes. The path is that of the spec in the object that asks.
func Select(request Request, locations Locations, defaults Defaults, path *field.Path) Result {
	var result Result
	result.selectStorage(request, locations.Storage, defaults.StorageLocation, path.Child("storageLocation"))
	result.selectSnapshots(request, locations.Snapshots, defaults.SnapshotLocations, path.Child("volumeSnapshotLocations"))
	return result
}

func (r *Result) fail(kind field.ErrorType, path *field.Path, value any, format string, args ...any) {
	r.Errors = append(r.Errors, &field.Error{Type: kind, Field: path.String(), BadValue: value, Detail: fmt.Sprintf(format, args...)})
}

// miss fails for want of a location.
func (r *Result) miss(kind field.ErrorType, path *field.Path, value any, format string, args ...any) {
	r.fail(kind, path, value, format, args...)
	r.Missing = append(r.Missing, r.Errors[len(r.Errors)-1])
}

func (r *Result) warn(fails bool, path *field.Path, format string, args ...any) {
	r.Warnings = append(r.Warnings, Warning{Field: path.String(), Message: fmt.Sprintf(format, args...), Fails: fails})
}

// selectStorage takes the location that is asked for, else the first default by name, else the server's.
func (r *Result) selectStorage(request Request, all []StorageLocation, standard string, path *field.Path) {
	byName := func(name string) int {
		return slices.IndexFunc(all, func(l StorageLocation) bool { return l.Name == name })
	}
	if r.StorageLocation = request.StorageLocation; r.StorageLocation == "" {
		r.StorageLocation = defaultStorage(all, standard)
	}
	if i := byName(r.StorageLocation); i >= 0 {
		r.doubtStorage(all[i], path)
		return
	}
	names := namesOf(all, func(l StorageLocation) string { return l.Name })
	switch {
	case request.StorageLocation != "":
		r.miss(field.ErrorTypeNotFound, path, request.StorageLocation, "%s", instead(request.StorageLocation, names, storageKind))
	case standard == "":
		r.miss(field.ErrorTypeRequired, path, "", "no backup storage location is the default: %s", orDefault(names))
	default:
		r.miss(field.ErrorTypeRequired, path, "", "no backup storage location is the default, and the server's, %q, does not exist: %s", standard, orDefault(names))
	}
}

func defaultStorage(all []StorageLocation, standard string) string {
	var defaults []string
	for _, location := range all {
		if location.Default {
			defaults = append(defaults, location.Name)
		}
	}
	if len(defaults) == 0 {
		return standard
	}
	return slices.Min(defaults)
}

func (r *Result) doubtStorage(location StorageLocation, path *field.Path) {
	if location.ReadOnly {
		r.warn(true, path, "backup storage location %q is read-only, and takes no backups: name another, or set its spec.accessMode to ReadWrite", location.Name)
	}
	r.doubtStatus(true, "backup storage location", location.Name, location.Status, path)
}

func (r *Result) doubtStatus(fails bool, kind, name string, status Status, path *field.Path) {
	switch {
	case status.Phase == Available:
	case status.Phase == "" && status.Message != "": // nothing can be found out from here, which is nothing against it
	case status.Phase == "" && fails:
		r.warn(fails, path, "%s %q was not checked yet: the backup fails if it is not available when it begins", kind, name)
		r.Warnings[len(r.Warnings)-1].Passing = true
	case status.Phase == "":
	case status.Message == "":
		r.warn(fails, path, "%s %q is %s", kind, name, status.Phase)
	default:
		r.warn(fails, path, "%s %q is %s: %s", kind, name, status.Phase, status.Message)
	}
}
