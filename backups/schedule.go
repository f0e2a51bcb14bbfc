package backups

import (
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero"
	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
)

// OfSchedule returns the backup of a schedule's run, as Velero makes it. Its name has the time of the run.
func OfSchedule(schedule *velerov1.Schedule, at time.Time) *velerov1.Backup {
	backup := &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   schedule.Namespace,
			Name:        schedule.Name + "-" + at.UTC().Format("20060102150405"),
			Labels:      maps.Clone(schedule.Labels),
			Annotations: maps.Clone(schedule.Annotations),
		},
		Spec: *schedule.Spec.Template.DeepCopy(),
	}
	if own := schedule.Spec.Template.Metadata.Labels; own != nil {
		backup.Labels = maps.Clone(own)
	}
	if backup.Labels == nil {
		backup.Labels = map[string]string{}
	}
	backup.Labels[velero.ScheduleNameLabel] = locations.LabelValue(schedule.Name)
	delete(backup.Annotations, corev1.LastAppliedConfigAnnotation) // is that of the schedule
	if owned := schedule.Spec.UseOwnerReferencesInBackup; owned != nil && *owned {
		backup.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(schedule, velerov1.SchemeGroupVersion.WithKind("Schedule"))}
		backup.OwnerReferences[0].BlockOwnerDeletion = nil
	}
	return backup
}

// LastRun is the time from which a schedule counts: that of its last backup, of the run that was skipped last, or of its
// creation.
func LastRun(schedule *velerov1.Schedule) time.Time {
	last := schedule.CreationTimestamp.Time
	if schedule.Status.LastBackup != nil {
		last = schedule.Status.LastBackup.Time
	}
	if skipped := schedule.Status.LastSkipped; skipped != nil && skipped.After(last) {
		last = skipped.Time
	}
	return last
}
