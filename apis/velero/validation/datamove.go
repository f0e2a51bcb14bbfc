package validation

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/v2alpha1"
)

var (
	uploaderTypes = []v1.UploaderType{v1.UploaderTypeKopia, v1.UploaderTypeRestic}
	// dataMovePhases are the same in both versions, each of which declares them for its kinds.
	dataMovePhases = []v1.DataMovePhase{
		v1.DataMovePhaseNew, v1.DataMovePhaseAccepted, v1.DataMovePhasePrepared, v1.DataMovePhaseInProgress,
		v1.DataMovePhaseCanceling, v1.DataMovePhaseCanceled, v1.DataMovePhaseCompleted, v1.DataMovePhaseFailed,
	}
	nodeOSes = []v2alpha1.NodeOS{v2alpha1.NodeOSAuto, v2alpha1.NodeOSLinux, v2alpha1.NodeOSWindows}

	repositoryPhases   = []v1.BackupRepositoryPhase{v1.BackupRepositoryPhaseNew, v1.BackupRepositoryPhaseReady, v1.BackupRepositoryPhaseNotReady}
	maintenanceResults = []v1.BackupRepositoryMaintenanceResult{v1.BackupRepositoryMaintenanceSucceeded, v1.BackupRepositoryMaintenanceFailed}
)

// Hints of fields that several kinds have.
const (
	hintLocation        = "name the backup storage location"
	hintSnapshotID      = "give the ID of the copy to restore"
	hintSourceNamespace = "name the namespace that the volume was backed up in"
)

// PodVolumeBackup returns all that is wrong with a copy of a pod's volume. old is nil on creation.
// Velero leaves repoIdentifier empty.
func PodVolumeBackup(backup, old *v1.PodVolumeBackup) field.ErrorList {
	return unlessKnown(backup, old, func(b *v1.PodVolumeBackup) field.ErrorList {
		spec := field.NewPath("spec")
		return slices.Concat(
			required(b.Spec.Node, spec.Child("node"), "name the node that the pod runs on"),
			pod(&b.Spec.Pod, spec.Child("pod")),
			required(b.Spec.Volume, spec.Child("volume"), "name the volume of the pod"),
			required(b.Spec.BackupStorageLocation, spec.Child("backupStorageLocation"), hintLocation),
			oneOf(b.Spec.UploaderType, uploaderTypes, spec.Child("uploaderType")),
			oneOf(b.Status.Phase, dataMovePhases, field.NewPath("status", "phase")),
		)
	})
}

// PodVolumeRestore returns all that is wrong with a restore of a pod's volume. old is nil on creation.
// Velero leaves repoIdentifier empty.
func PodVolumeRestore(restore, old *v1.PodVolumeRestore) field.ErrorList {
	return unlessKnown(restore, old, func(r *v1.PodVolumeRestore) field.ErrorList {
		spec := field.NewPath("spec")
		return slices.Concat(
			pod(&r.Spec.Pod, spec.Child("pod")),
			required(r.Spec.Volume, spec.Child("volume"), "name the volume of the pod"),
			required(r.Spec.BackupStorageLocation, spec.Child("backupStorageLocation"), hintLocation),
			oneOf(r.Spec.UploaderType, uploaderTypes, spec.Child("uploaderType")),
			required(r.Spec.SnapshotID, spec.Child("snapshotID"), hintSnapshotID),
			required(r.Spec.SourceNamespace, spec.Child("sourceNamespace"), hintSourceNamespace),
			oneOf(r.Status.Phase, dataMovePhases, field.NewPath("status", "phase")),
		)
	})
}

func pod(reference *corev1.ObjectReference, path *field.Path) field.ErrorList {
	return required(reference.Name, path.Child("name"), "name the pod")
}

// BackupRepository returns all that is wrong with a repository. old is nil on creation. Velero makes
// repositories with a maintenanceFrequency of 0.
func BackupRepository(repository, old *v1.BackupRepository) field.ErrorList {
	return unlessKnown(repository, old, func(r *v1.BackupRepository) field.ErrorList {
		spec, status := field.NewPath("spec"), field.NewPath("status")
		return slices.Concat(
			required(r.Spec.VolumeNamespace, spec.Child("volumeNamespace"), "name the namespace whose volumes' data are kept"),
			required(r.Spec.BackupStorageLocation, spec.Child("backupStorageLocation"), hintLocation),
			oneOf(r.Spec.RepositoryType, uploaderTypes, spec.Child("repositoryType")),
			period(&r.Spec.MaintenanceFrequency, spec.Child("maintenanceFrequency")),
			oneOf(r.Status.Phase, repositoryPhases, status.Child("phase")),
			each(r.Status.RecentMaintenance, status.Child("recentMaintenance"), func(m *v1.BackupRepositoryMaintenanceStatus, path *field.Path) field.ErrorList {
				return oneOf(m.Result, maintenanceResults, path.Child("result"))
			}),
		)
	})
}

// DataUpload returns all that is wrong with a move of a snapshot's data. old is nil on creation.
func DataUpload(upload, old *v2alpha1.DataUpload) field.ErrorList {
	return unlessKnown(upload, old, func(u *v2alpha1.DataUpload) field.ErrorList {
		spec, status := field.NewPath("spec"), field.NewPath("status")
		return slices.Concat(
			required(u.Spec.SnapshotType, spec.Child("snapshotType"), "say what the snapshot is, such as CSI"),
			csiSnapshot(u.Spec.CSISnapshot, spec.Child("csiSnapshot")),
			required(u.Spec.SourcePVC, spec.Child("sourcePVC"), "name the claim that the snapshot was taken of"),
			required(u.Spec.BackupStorageLocation, spec.Child("backupStorageLocation"), hintLocation),
			required(u.Spec.SourceNamespace, spec.Child("sourceNamespace"), hintSourceNamespace),
			period(&u.Spec.OperationTimeout, spec.Child("operationTimeout")),
			oneOf(v1.DataMovePhase(u.Status.Phase), dataMovePhases, status.Child("phase")),
			oneOf(u.Status.NodeOS, nodeOSes, status.Child("nodeOS")),
		)
	})
}

// csiSnapshot accepts an empty storage class: a claim may have none.
func csiSnapshot(snapshot *v2alpha1.CSISnapshotSpec, path *field.Path) field.ErrorList {
	if snapshot == nil {
		return nil
	}
	return required(snapshot.VolumeSnapshot, path.Child("volumeSnapshot"), "name the VolumeSnapshot")
}

// DataDownload returns all that is wrong with a move of data into a volume. old is nil on creation.
// Velero leaves targetVolume.pv empty until there is one.
func DataDownload(download, old *v2alpha1.DataDownload) field.ErrorList {
	return unlessKnown(download, old, func(d *v2alpha1.DataDownload) field.ErrorList {
		spec := field.NewPath("spec")
		target := spec.Child("targetVolume")
		return slices.Concat(
			required(d.Spec.TargetVolume.PVC, target.Child("pvc"), "name the claim"),
			required(d.Spec.TargetVolume.Namespace, target.Child("namespace"), "name the namespace of the claim"),
			required(d.Spec.BackupStorageLocation, spec.Child("backupStorageLocation"), hintLocation),
			required(d.Spec.SnapshotID, spec.Child("snapshotID"), hintSnapshotID),
			required(d.Spec.SourceNamespace, spec.Child("sourceNamespace"), hintSourceNamespace),
			period(&d.Spec.OperationTimeout, spec.Child("operationTimeout")),
			oneOf(d.Spec.NodeOS, nodeOSes, spec.Child("nodeOS")),
			oneOf(v1.DataMovePhase(d.Status.Phase), dataMovePhases, field.NewPath("status", "phase")),
		)
	})
}
