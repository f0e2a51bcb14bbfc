package restore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
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
	if modifier := r.Spec.ResourceModifier; modifier != nil {
		if _, err := generic.Get[*corev1.ConfigMap](ctx, view, corev1.Resource("configmaps"), modifier.Name); apierrors.IsNotFound(err) {
			texts = append(texts, fmt.Sprintf("spec.resourceModifier: there is no ConfigMap %q in namespace %q (the restore fails unless there is when it begins)", modifier.Name, r.Namespace))
		}
	}
	return append(texts, merged(r.Spec.NamespaceMapping)...)
}

// merged tells which namespaces become one, in which objects of the same name are in each other's way.
func merged(mapping map[string]string) []string {
	from := map[string][]string{}
	for _, namespace := range slices.Sorted(maps.Keys(mapping)) {
		from[mapping[namespace]] = append(from[mapping[namespace]], strconv.Quote(namespace))
	}
	var texts []string
	for _, to := range slices.Sorted(maps.Keys(from)) {
		if len(from[to]) > 1 {
			texts = append(texts, fmt.Sprintf("spec.namespaceMapping: %s become one namespace, %q: of objects that have the same name in several, one is restored", strings.Join(from[to], " and "), to))
		}
	}
	return texts
}

func missing(ctx context.Context, view *generic.View, r restore) string {
	if name := r.Spec.BackupName; name != "" {
		backup, err := generic.Get[*v1.Backup](ctx, view, v1.Resource("backups"), name)
		switch {
		case apierrors.IsNotFound(err):
			return fmt.Sprintf("spec.backupName: there is no backup %q in namespace %q", name, r.Namespace)
		case err == nil && backup.Status.Phase != v1.BackupPhaseCompleted && backup.Status.Phase != v1.BackupPhasePartiallyFailed && backup.Status.Phase != "":
			return fmt.Sprintf("spec.backupName: there is nothing to restore in backup %q: its phase is %s", name, backup.Status.Phase)
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
