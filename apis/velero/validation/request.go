package validation

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

var (
	downloadTargetKinds = []v1.DownloadTargetKind{
		v1.DownloadTargetKindBackupLog, v1.DownloadTargetKindBackupContents, v1.DownloadTargetKindBackupVolumeSnapshots,
		v1.DownloadTargetKindBackupItemOperations, v1.DownloadTargetKindBackupResourceList, v1.DownloadTargetKindBackupResults,
		v1.DownloadTargetKindRestoreLog, v1.DownloadTargetKindRestoreResults, v1.DownloadTargetKindRestoreResourceList,
		v1.DownloadTargetKindRestoreItemOperations, v1.DownloadTargetKindCSIBackupVolumeSnapshots,
		v1.DownloadTargetKindCSIBackupVolumeSnapshotContents, v1.DownloadTargetKindBackupVolumeInfos, v1.DownloadTargetKindRestoreVolumeInfo,
	}
	downloadRequestPhases     = []v1.DownloadRequestPhase{v1.DownloadRequestPhaseNew, v1.DownloadRequestPhaseProcessed}
	serverStatusRequestPhases = []v1.ServerStatusRequestPhase{v1.ServerStatusRequestPhaseNew, v1.ServerStatusRequestPhaseProcessed}
	deleteBackupRequestPhases = []v1.DeleteBackupRequestPhase{
		v1.DeleteBackupRequestPhaseNew, v1.DeleteBackupRequestPhaseInProgress, v1.DeleteBackupRequestPhaseProcessed,
	}
)

// DeleteBackupRequest returns all that is wrong with a request. old is nil on creation.
func DeleteBackupRequest(request, old *v1.DeleteBackupRequest) field.ErrorList {
	return unlessKnown(request, old, func(r *v1.DeleteBackupRequest) field.ErrorList {
		return slices.Concat(
			required(r.Spec.BackupName, field.NewPath("spec", "backupName"), "name the backup to delete"),
			oneOf(r.Status.Phase, deleteBackupRequestPhases, field.NewPath("status", "phase")),
		)
	})
}

// DownloadRequest returns all that is wrong with a request. old is nil on creation.
func DownloadRequest(request, old *v1.DownloadRequest) field.ErrorList {
	return unlessKnown(request, old, func(r *v1.DownloadRequest) field.ErrorList {
		target := field.NewPath("spec", "target")
		return slices.Concat(
			required(r.Spec.Target.Kind, target.Child("kind"), "say which file, such as BackupLog or BackupContents"),
			oneOf(r.Spec.Target.Kind, downloadTargetKinds, target.Child("kind")),
			required(r.Spec.Target.Name, target.Child("name"), "name the backup or restore that the file is of"),
			oneOf(r.Status.Phase, downloadRequestPhases, field.NewPath("status", "phase")),
		)
	})
}

// ServerStatusRequest returns all that is wrong with a request, whose spec is empty. old is nil on creation.
func ServerStatusRequest(request, old *v1.ServerStatusRequest) field.ErrorList {
	return unlessKnown(request, old, func(r *v1.ServerStatusRequest) field.ErrorList {
		status := field.NewPath("status")
		return slices.Concat(
			oneOf(r.Status.Phase, serverStatusRequestPhases, status.Child("phase")),
			each(r.Status.Plugins, status.Child("plugins"), func(plugin *v1.PluginInfo, path *field.Path) field.ErrorList {
				return slices.Concat(
					required(plugin.Name, path.Child("name"), "name the plugin"),
					required(plugin.Kind, path.Child("kind"), "say what the plugin is, such as ObjectStore"),
				)
			}),
		)
	})
}
