package core

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/kubectl/pkg/util/storage"

	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// PersistentVolumes are kept as they are posted, status included: nothing provisions them, and nothing binds them.
var PersistentVolumes = &generic.Resource[*corev1.PersistentVolume, *corev1.PersistentVolumeList]{
	GroupVersion:  corev1.SchemeGroupVersion,
	Plural:        "persistentvolumes",
	ShortNames:    []string{"pv"},
	ClusterScoped: true,
	Columns: table.Columns[*corev1.PersistentVolume]{
		{Name: "Capacity", Description: "Size of the volume.", Value: func(v *corev1.PersistentVolume) any { return quantity(v.Spec.Capacity) }},
		{Name: "Access Modes", Description: "How the volume can be mounted.", Value: func(v *corev1.PersistentVolume) any { return storage.GetAccessModesAsString(v.Spec.AccessModes) }},
		{Name: "Reclaim Policy", Description: "What becomes of the volume when its claim is gone.", Value: func(v *corev1.PersistentVolume) any { return string(v.Spec.PersistentVolumeReclaimPolicy) }},
		{Name: "Status", Description: "Whether the volume is bound to a claim.", Value: func(v *corev1.PersistentVolume) any { return unlessDeleted(v, string(v.Status.Phase)) }},
		{Name: "Claim", Description: "The claim that the volume is bound to, or kept for.", Value: claimOf},
		{Name: "StorageClass", Description: "Class of the volume.", Value: func(v *corev1.PersistentVolume) any { return storage.GetPersistentVolumeClass(v) }},
		{Name: "VolumeAttributesClass", Description: "Class of what can be changed of the volume.", Value: func(v *corev1.PersistentVolume) any { return orUnset(v.Spec.VolumeAttributesClassName) }},
		{Name: "Reason", Description: "Why the volume is in its status.", Value: func(v *corev1.PersistentVolume) any { return v.Status.Reason }},
		table.Age[*corev1.PersistentVolume](),
		{Name: "VolumeMode", Priority: 1, Description: "Whether the volume has a file system or is a block device.", Value: func(v *corev1.PersistentVolume) any { return orUnset(v.Spec.VolumeMode) }},
	},
	UnconditionalUpdate: true,
	Prepare:             preparePersistentVolume,
	Validate:            validatePersistentVolume,
}

// preparePersistentVolume fills in what Kubernetes does.
func preparePersistentVolume(volume, _ *corev1.PersistentVolume) {
	setDefault(&volume.Spec.PersistentVolumeReclaimPolicy, corev1.PersistentVolumeReclaimRetain)
	setDefault(&volume.Status.Phase, corev1.VolumePending)
	if volume.Spec.VolumeMode == nil {
		volume.Spec.VolumeMode = new(corev1.PersistentVolumeFilesystem)
	}
}

func claimOf(volume *corev1.PersistentVolume) any {
	if volume.Spec.ClaimRef == nil {
		return ""
	}
	return volume.Spec.ClaimRef.Namespace + "/" + volume.Spec.ClaimRef.Name
}

func validatePersistentVolume(volume, old *corev1.PersistentVolume) field.ErrorList {
	path := field.NewPath("spec")
	errs := volumeErrors(volumeFields{
		accessModes: volume.Spec.AccessModes, mode: volume.Spec.VolumeMode, class: volume.Spec.StorageClassName,
	}, path)
	errs = append(errs, storageErrors(volume.Spec.Capacity, path.Child("capacity"))...)
	for _, name := range slices.Sorted(maps.Keys(volume.Spec.Capacity)) {
		if name != corev1.ResourceStorage {
			errs = append(errs, field.NotSupported(path.Child("capacity").Key(string(name)), name, []corev1.ResourceName{corev1.ResourceStorage}))
		}
	}
	policies := []corev1.PersistentVolumeReclaimPolicy{
		corev1.PersistentVolumeReclaimDelete, corev1.PersistentVolumeReclaimRecycle, corev1.PersistentVolumeReclaimRetain,
	}
	if policy := volume.Spec.PersistentVolumeReclaimPolicy; !slices.Contains(policies, policy) {
		errs = append(errs, field.NotSupported(path.Child("persistentVolumeReclaimPolicy"), policy, policies))
	}
	errs = append(errs, sourceErrors(volume.Spec.PersistentVolumeSource, path)...)
	errs = append(errs, nodeAffinityErrors(volume.Spec.NodeAffinity, path.Child("nodeAffinity"))...)
	if old == nil {
		return errs
	}
	if !apiequality.Semantic.DeepEqual(volume.Spec.PersistentVolumeSource, old.Spec.PersistentVolumeSource) {
		errs = append(errs, field.Forbidden(path, "what the volume is made of cannot change: make another PersistentVolume"))
	}
	if !apiequality.Semantic.DeepEqual(volume.Spec.VolumeMode, old.Spec.VolumeMode) {
		errs = append(errs, field.Invalid(path.Child("volumeMode"), volume.Spec.VolumeMode, "the mode of a volume cannot change"))
	}
	if old.Spec.NodeAffinity != nil && !apiequality.Semantic.DeepEqual(volume.Spec.NodeAffinity, old.Spec.NodeAffinity) {
		errs = append(errs, field.Forbidden(path.Child("nodeAffinity"), "it cannot change once it is set"))
	}
	return errs
}

// sourceErrors asks for exactly one source, and for what the sources of block storage can't do without.
func sourceErrors(source corev1.PersistentVolumeSource, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	required := func(path *field.Path, value string) {
		if value == "" {
			errs = append(errs, field.Required(path, ""))
		}
	}
	if csi := source.CSI; csi != nil {
		required(path.Child("csi", "driver"), csi.Driver)
		required(path.Child("csi", "volumeHandle"), csi.VolumeHandle)
	}
	if ebs := source.AWSElasticBlockStore; ebs != nil {
		required(path.Child("awsElasticBlockStore", "volumeID"), ebs.VolumeID)
	}
	if azure := source.AzureDisk; azure != nil {
		required(path.Child("azureDisk", "diskName"), azure.DiskName)
		required(path.Child("azureDisk", "diskURI"), azure.DataDiskURI)
	}
	if gce := source.GCEPersistentDisk; gce != nil {
		required(path.Child("gcePersistentDisk", "pdName"), gce.PDName)
	}
	if portworx := source.PortworxVolume; portworx != nil {
		required(path.Child("portworxVolume", "volumeID"), portworx.VolumeID)
	}
	switch sources := sourcesOf(source); {
	case len(sources) == 0:
		errs = append(errs, field.Required(path, "say what the volume is made of: csi, for example, with a driver and a volumeHandle"))
	case len(sources) > 1:
		errs = append(errs, field.Forbidden(path, "a volume is made of one thing only, not of "+sources[0]+" and "+sources[1]))
	}
	return errs
}

// sourcesOf returns the names, in JSON, of the sources that are set.
func sourcesOf(source corev1.PersistentVolumeSource) []string {
	var set []string
	for field, value := range reflect.ValueOf(source).Fields() {
		if !value.IsNil() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			set = append(set, name)
		}
	}
	return set
}

func nodeAffinityErrors(affinity *corev1.VolumeNodeAffinity, path *field.Path) field.ErrorList {
	path = path.Child("required")
	switch {
	case affinity == nil:
		return nil
	case affinity.Required == nil:
		return field.ErrorList{field.Required(path, "say which nodes can reach the volume")}
	case len(affinity.Required.NodeSelectorTerms) == 0:
		return field.ErrorList{field.Required(path.Child("nodeSelectorTerms"), "without a term no node can reach the volume")}
	}
	if _, err := nodeaffinity.NewNodeSelector(affinity.Required); err != nil {
		return field.ErrorList{field.Invalid(path, field.OmitValueType{}, err.Error())}
	}
	return nil
}
