package core

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What persistent volumes and the claims to them have in common.

// volumeFields are those that stand in the spec of both.
type volumeFields struct {
	accessModes []corev1.PersistentVolumeAccessMode
	mode        *corev1.PersistentVolumeMode
	class       string
}

func volumeErrors(fields volumeFields, path *field.Path) field.ErrorList {
	errs := accessModeErrors(fields.accessModes, path.Child("accessModes"))
	modes := []corev1.PersistentVolumeMode{corev1.PersistentVolumeBlock, corev1.PersistentVolumeFilesystem}
	if fields.mode == nil || !slices.Contains(modes, *fields.mode) {
		errs = append(errs, field.NotSupported(path.Child("volumeMode"), orUnset(fields.mode), modes))
	}
	if fields.class != "" {
		for _, message := range apivalidation.NameIsDNSSubdomain(fields.class, false) {
			errs = append(errs, field.Invalid(path.Child("storageClassName"), fields.class, message))
		}
	}
	return errs
}

func accessModeErrors(modes []corev1.PersistentVolumeAccessMode, path *field.Path) field.ErrorList {
	if len(modes) == 0 {
		return field.ErrorList{field.Required(path, "at least one access mode is required, such as ReadWriteOnce")}
	}
	var errs field.ErrorList
	known := []corev1.PersistentVolumeAccessMode{corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOnce, corev1.ReadWriteOncePod}
	for i, mode := range modes {
		if !slices.Contains(known, mode) {
			errs = append(errs, field.NotSupported(path.Index(i), mode, known))
		}
	}
	if len(modes) > 1 && slices.Contains(modes, corev1.ReadWriteOncePod) {
		errs = append(errs, field.Forbidden(path, "ReadWriteOncePod may not stand beside other access modes"))
	}
	return errs
}

// storageErrors asks for a size of storage.
func storageErrors(resources corev1.ResourceList, path *field.Path) field.ErrorList {
	path = path.Key(string(corev1.ResourceStorage))
	size, found := resources[corev1.ResourceStorage]
	switch {
	case !found:
		return field.ErrorList{field.Required(path, "give a size, such as 8Gi")}
	case size.Sign() <= 0:
		return field.ErrorList{field.Invalid(path, size.String(), "must be greater than zero")}
	}
	return nil
}

// quantity is the size of storage as a cell of a table.
func quantity(resources corev1.ResourceList) string {
	size := resources[corev1.ResourceStorage]
	return size.String()
}

// unlessDeleted is the phase of an object, unless a finalizer alone keeps the object.
func unlessDeleted(object metav1.Object, phase string) string {
	if object.GetDeletionTimestamp() != nil {
		return "Terminating"
	}
	return phase
}

func orUnset[T ~string](value *T) string {
	if value == nil {
		return "<unset>"
	}
	return string(*value)
}

func setDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}
