package core

import (
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubectl/pkg/util/storage"

	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// PersistentVolumeClaims are kept as they are posted, status included: nothing looks for a volume for them.
var PersistentVolumeClaims = &generic.Resource[*corev1.PersistentVolumeClaim, *corev1.PersistentVolumeClaimList]{
	GroupVersion: corev1.SchemeGroupVersion,
	Plural:       "persistentvolumeclaims",
	ShortNames:   []string{"pvc"},
	Columns: table.Columns[*corev1.PersistentVolumeClaim]{
		{Name: "Status", Description: "Whether the claim is bound to a volume.", Value: func(c *corev1.PersistentVolumeClaim) any { return unlessDeleted(c, string(c.Status.Phase)) }},
		{Name: "Volume", Description: "The volume that the claim is bound to, or asks for.", Value: func(c *corev1.PersistentVolumeClaim) any { return c.Spec.VolumeName }},
		{Name: "Capacity", Description: "Size of the volume.", Value: func(c *corev1.PersistentVolumeClaim) any { return ifVolume(c, quantity(c.Status.Capacity)) }},
		{Name: "Access Modes", Description: "How the volume can be mounted.", Value: func(c *corev1.PersistentVolumeClaim) any {
			return ifVolume(c, storage.GetAccessModesAsString(c.Status.AccessModes))
		}},
		{Name: "StorageClass", Description: "Class that is asked for.", Value: func(c *corev1.PersistentVolumeClaim) any { return storage.GetPersistentVolumeClaimClass(c) }},
		{Name: "VolumeAttributesClass", Description: "Class that is asked for of what can be changed of a volume.", Value: func(c *corev1.PersistentVolumeClaim) any { return orUnset(c.Spec.VolumeAttributesClassName) }},
		table.Age[*corev1.PersistentVolumeClaim](),
		{Name: "VolumeMode", Priority: 1, Description: "Whether a file system is asked for or a block device.", Value: func(c *corev1.PersistentVolumeClaim) any { return orUnset(c.Spec.VolumeMode) }},
	},
	UnconditionalUpdate: true,
	Prepare:             preparePersistentVolumeClaim,
	Validate:            validatePersistentVolumeClaim,
}

// preparePersistentVolumeClaim fills in what Kubernetes does.
func preparePersistentVolumeClaim(claim, _ *corev1.PersistentVolumeClaim) {
	setDefault(&claim.Status.Phase, corev1.ClaimPending)
	if claim.Spec.VolumeMode == nil {
		claim.Spec.VolumeMode = new(corev1.PersistentVolumeFilesystem)
	}
}

// ifVolume leaves a cell empty where the claim has no volume yet.
func ifVolume(claim *corev1.PersistentVolumeClaim, cell string) string {
	if claim.Spec.VolumeName == "" {
		return ""
	}
	return cell
}

func validatePersistentVolumeClaim(claim, old *corev1.PersistentVolumeClaim) field.ErrorList {
	path := field.NewPath("spec")
	errs := volumeErrors(volumeFields{
		accessModes: claim.Spec.AccessModes, mode: claim.Spec.VolumeMode, class: storage.GetPersistentVolumeClaimClass(claim),
	}, path)
	errs = append(errs, storageErrors(claim.Spec.Resources.Requests, path.Child("resources", "requests"))...)
	if claim.Spec.Selector != nil {
		errs = append(errs, validation.ValidateLabelSelector(claim.Spec.Selector, validation.LabelSelectorValidationOptions{}, path.Child("selector"))...)
	}
	if old != nil {
		errs = append(errs, claimChangeErrors(claim, old, path)...)
	}
	return errs
}

// claimChangeErrors lets a claim be bound to a volume once, and its request grow; nothing else in it changes.
func claimChangeErrors(claim, old *corev1.PersistentVolumeClaim, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	allowed := old.Spec.DeepCopy()
	allowed.Resources, allowed.VolumeAttributesClassName = claim.Spec.Resources, claim.Spec.VolumeAttributesClassName
	if old.Spec.VolumeName == "" {
		allowed.VolumeName = claim.Spec.VolumeName
	}
	if old.Spec.StorageClassName == nil {
		allowed.StorageClassName = claim.Spec.StorageClassName
	}
	if !apiequality.Semantic.DeepEqual(&claim.Spec, allowed) {
		errs = append(errs, field.Forbidden(path, "of a claim only resources.requests and volumeAttributesClassName can change"))
	}
	before, now := old.Spec.Resources.Requests[corev1.ResourceStorage], claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if now.Cmp(before) < 0 {
		errs = append(errs, field.Forbidden(path.Child("resources", "requests").Key(string(corev1.ResourceStorage)), "a claim cannot ask for less than before, "+before.String()))
	}
	return errs
}
