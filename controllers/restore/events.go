package restore

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
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
	default:
		kind, message = corev1.EventTypeNormal, "The restore is complete: "+counts(status)
	}
	r.tell(restore, kind, message)
}

// tell sends an event about a restore as it is now. Without a recorder nobody wants to hear of it.
func (r *reconciler) tell(restore *velerov1.Restore, kind, message string) {
	if r.opts.Events == nil {
		return
	}
	const longest = 1000 // an API takes 1024 bytes
	if len(message) > longest {
		message = strings.ToValidUTF8(message[:longest], "") + "..."
	}
	r.opts.Events.Event(restore, kind, string(restore.Status.Phase), message)
}

func counts(status *velerov1.RestoreStatus) string {
	items := 0
	if status.Progress != nil {
		items = status.Progress.ItemsRestored
	}
	return fmt.Sprintf("%s, %s, %s", locations.Count(items, "item"), locations.Count(status.Errors, "error"), locations.Count(status.Warnings, "warning"))
}
