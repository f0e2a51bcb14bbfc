package restore

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/velero-locations/velero-locations/apis/velero"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	domain "github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// doubtful is what keeps a restore that is asked for from being carried out. The record of its backup may be on its way from the
// bucket of a location that was made together with the restore.
func doubtful(ctx context.Context, view *generic.View, r restore) []string {
	if r.Status.Phase != "" && r.Status.Phase != v1.RestorePhaseNew {
		return nil
	}
	var texts []string
	if text := missing(ctx, view, r); text != "" {
		texts = append(texts, text+" (the restore fails unless there is when it begins)")
	}
	return texts
}

func missing(ctx context.Context, view *generic.View, r restore) string {
	if name := r.Spec.BackupName; name != "" {
		if _, err := generic.Get[*v1.Backup](ctx, view, v1.Resource("backups"), name); apierrors.IsNotFound(err) {
			return fmt.Sprintf("spec.backupName: there is no backup %q in namespace %q", name, r.Namespace)
		}
		return ""
	}
	if view.Environment.Store(v1.Resource("backups")) == nil {
		return ""
	}
	made := labels.SelectorFromSet(labels.Set{velero.ScheduleNameLabel: domain.LabelValue(r.Spec.ScheduleName)})
	backups, err := generic.ListLabelled[*v1.Backup](ctx, view, v1.Resource("backups"), made)
	if err != nil || slices.ContainsFunc(backups, func(b *v1.Backup) bool { return b.Status.Phase == v1.BackupPhaseCompleted }) {
		return ""
	}
	return fmt.Sprintf("spec.scheduleName: there is no completed backup of a schedule %q in namespace %q", r.Spec.ScheduleName, r.Namespace)
}
