package restore

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/tell"
	"github.com/velero-locations/velero-locations/locations"
)

// tellEnd tells, in an event, how a restore has ended, and why if that is no good end.
func (r *reconciler) tellEnd(restore *velerov1.Restore) {
	status, kind := &restore.Status, corev1.EventTypeWarning
	var message string
	switch status.Phase {
	case velerov1.RestorePhaseFailedValidation:
		message = "The backup cannot be restored: " + strings.Join(status.ValidationErrors, "; ")
	case velerov1.RestorePhaseFailed:
		message = "The restore failed: " + status.FailureReason
	case velerov1.RestorePhasePartiallyFailed:
		message = "The restore is incomplete: " + counts(status)
		if status.FailureReason != "" {
			message += ": " + status.FailureReason
		}
	default:
		kind, message = corev1.EventTypeNormal, "The restore is complete: "+counts(status)
	}
	tell.Event(r.opts.Events, restore, kind, string(status.Phase), message)
}

func counts(status *velerov1.RestoreStatus) string {
	items := 0
	if status.Progress != nil {
		items = status.Progress.ItemsRestored
	}
	return fmt.Sprintf("%s, %s, %s", locations.Count(items, "item"), locations.Count(status.Errors, "error"), locations.Count(status.Warnings, "warning"))
}
