package validation

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/apis/velero"
)

var (
	downloadTargetKinds = []velero.DownloadTargetKind{
		velero.DownloadTargetKindBackupLog, velero.DownloadTargetKindBackupContents, velero.DownloadTargetKindBackupVolumeSnapshots,
		velero.DownloadTargetKindBackupItemOperations, velero.DownloadTargetKindBackupResourceList, velero.DownloadTargetKindBackupResults,
		velero.DownloadTargetKindRestoreLog, velero.DownloadTargetKindRestoreResults, velero.DownloadTargetKindRestoreResourceList,
		velero.DownloadTargetKindRestoreItemOperations, velero.DownloadTargetKindCSIBackupVolumeSnapshots,
		velero.DownloadTargetKindCSIBackupVolumeSnapshotContents, velero.DownloadTargetKindBackupVolumeInfos, velero.DownloadTargetKindRestoreVolumeInfo,
	}
	downloadRequestPhases     = []velero.DownloadRequestPhase{velero.DownloadRequestPhaseNew, velero.DownloadRequestPhaseProcessed}
	serverStatusRequestPhases = []velero.ServerStatusRequestPhase{velero.ServerStatusRequestPhaseNew, velero.ServerStatusRequestPhaseProcessed}
	deleteBackupRequestPhases = []velero.DeleteBackupRequestPhase{
		velero.DeleteBackupRequestPhaseNew, velero.DeleteBackupRequestPhaseInProgress, velero.DeleteBackupRequestPhaseProcessed,
	}
)

// DeleteBackupRequest returns all that is wrong with a request. old is nil on creation.
func DeleteBackupRequest(request, old *velero.DeleteBackupRequest) field.ErrorList {
	return unlessKnown(request, old, func(r *velero.DeleteBackupRequest) field.ErrorList {
		return slices.Concat(
			required(r.Spec.BackupName, field.NewPath("spec", "backupName"), "name the backup to delete"),
			oneOf(r.Status.Phase, deleteBackupRequestPhases, field.NewPath("status", "phase")),
		)
	})
}

// DownloadRequest returns all that is wrong with a request. old is nil on creation.
func DownloadRequest(request, old *velero.DownloadRequest) field.ErrorList {
	return unlessKnown(request, old, func(r *velero.DownloadRequest) field.ErrorList {
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
func ServerStatusRequest(request, old *velero.ServerStatusRequest) field.ErrorList {
	return unlessKnown(request, old, func(r *velero.ServerStatusRequest) field.ErrorList {
		status := field.NewPath("status")
		return slices.Concat(
			oneOf(r.Status.Phase, serverStatusRequestPhases, status.Child("phase")),
			each(r.Status.Plugins, status.Child("plugins"), func(plugin *velero.PluginInfo, path *field.Path) field.ErrorList {
				return slices.Concat(
					required(plugin.Name, path.Child("name"), "name the plugin"),
					required(plugin.Kind, path.Child("kind"), "say what the plugin is, such as ObjectStore"),
				)
			}),
		)
	})
}
