package backup

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	events "k8s.io/client-go/tools/record"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/tell"
	"github.com/velero-locations/velero-locations/locations"
)

// tellBegin tells, in an event, that a backup begins.
func tellBegin(to events.EventRecorder, backup *velerov1.Backup) {
	tell.Event(to, backup, corev1.EventTypeNormal, string(backup.Status.Phase), fmt.Sprintf("The backup begins, to backup storage location %q", backup.Spec.StorageLocation))
}

// tellEnd tells, in an event, how a backup has ended, and why if that is no good end.
func tellEnd(to events.EventRecorder, backup *velerov1.Backup) {
	status, kind := &backup.Status, corev1.EventTypeWarning
	var message string
	switch status.Phase {
	case velerov1.BackupPhaseFailedValidation:
		message = "The backup cannot run: " + strings.Join(status.ValidationErrors, "; ")
	case velerov1.BackupPhaseFailed:
		message = "The backup failed: " + status.FailureReason
	case velerov1.BackupPhasePartiallyFailed:
		message = "The backup is incomplete: " + counts(status)
	default:
		kind, message = corev1.EventTypeNormal, "The backup is complete: "+counts(status)
	}
	tell.Event(to, backup, kind, string(status.Phase), message)
}

func counts(status *velerov1.BackupStatus) string {
	items := 0
	if status.Progress != nil {
		items = status.Progress.ItemsBackedUp
	}
	return fmt.Sprintf("%s, %d of %s of volumes, %s, %s", locations.Count(items, "item"), status.VolumeSnapshotsCompleted,
		locations.Count(status.VolumeSnapshotsAttempted, "snapshot"), locations.Count(status.Errors, "error"), locations.Count(status.Warnings, "warning"))
}
