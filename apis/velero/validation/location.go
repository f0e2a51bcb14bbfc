// Package validation says what is wrong with an object of group velero.io, judged by itself and,
// on update, by its old self. It does no I/O. Each error names the field and what would be right.
package validation

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/apis/velero"
)

var (
	accessModes = []velero.BackupStorageLocationAccessMode{velero.AccessModeReadOnly, velero.AccessModeReadWrite}
	phases      = []velero.BackupStorageLocationPhase{velero.BackupStorageLocationAvailable, velero.BackupStorageLocationUnavailable}

	snapshotLocationPhases = []velero.VolumeSnapshotLocationPhase{velero.VolumeSnapshotLocationAvailable, velero.VolumeSnapshotLocationUnavailable}
)

// BackupStorageLocation returns all that is wrong with a location. old is nil on creation.
func BackupStorageLocation(location, _ *velero.BackupStorageLocation) field.ErrorList {
	spec, status := field.NewPath("spec"), field.NewPath("status")

	errs := provider(location.Spec.Provider, spec.Child("provider"))
	errs = append(errs, secretKey(location.Spec.Credential, spec.Child("credential"))...)
	errs = append(errs, objectStorage(location.Spec.ObjectStorage, spec.Child("objectStorage"))...)
	errs = append(errs, oneOf(location.Spec.AccessMode, accessModes, spec.Child("accessMode"))...)
	errs = append(errs, oneOf(location.Status.Phase, phases, status.Child("phase"))...)
	return append(errs, oneOf(location.Status.AccessMode, accessModes, status.Child("accessMode"))...)
}

// VolumeSnapshotLocation returns all that is wrong with a location. old is nil on creation.
func VolumeSnapshotLocation(location, _ *velero.VolumeSnapshotLocation) field.ErrorList {
	spec, status := field.NewPath("spec"), field.NewPath("status")

	errs := provider(location.Spec.Provider, spec.Child("provider"))
	errs = append(errs, secretKey(location.Spec.Credential, spec.Child("credential"))...)
	return append(errs, oneOf(location.Status.Phase, snapshotLocationPhases, status.Child("phase"))...)
}

func provider(name string, path *field.Path) field.ErrorList {
	if name == "" {
		return field.ErrorList{field.Required(path, "name the storage provider, such as aws, azure or gcp")}
	}
	return nil
}

func objectStorage(storage *velero.ObjectStorageLocation, path *field.Path) field.ErrorList {
	if storage == nil {
		return field.ErrorList{field.Required(path, "name the bucket in objectStorage.bucket")}
	}
	var errs field.ErrorList
	if storage.Bucket == "" {
		errs = append(errs, field.Required(path.Child("bucket"), "name the bucket that backups are kept in"))
	}
	return append(errs, secretKey(storage.CACertRef, path.Child("caCertRef"))...)
}

// secretKey checks the key, which Velero's CRDs require. That the Secret's name may be empty is theirs too.
func secretKey(selector *corev1.SecretKeySelector, path *field.Path) field.ErrorList {
	if selector != nil && selector.Key == "" {
		return field.ErrorList{field.Required(path.Child("key"), "name the key of the Secret")}
	}
	return nil
}

// oneOf accepts an absent value: what it means is for defaulting to say.
func oneOf[T ~string](value T, supported []T, path *field.Path) field.ErrorList {
	if value == "" {
		return nil
	}
	for _, s := range supported {
		if value == s {
			return nil
		}
	}
	return field.ErrorList{field.NotSupported(path, value, supported)}
}
