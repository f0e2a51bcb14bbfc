package velero

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Schedule makes a backup again and again, at the times that a cron expression gives.
type Schedule struct {
	metav1.TypeMeta
	// Standard object metadata. The names of backups begin with the schedule's.
	metav1.ObjectMeta

	// When to back up what.
	Spec ScheduleSpec
	// When the last backup was made. Written by controllers, on the object itself: this kind has
	// no status subresource.
	Status ScheduleStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ScheduleList is a list of schedules.
type ScheduleList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The schedules.
	Items []Schedule
}

// ScheduleSpec says when to back up what.
type ScheduleSpec struct {
	// What to back up, and where to.
	Template BackupSpec

	// Cron expression of the times to make a backup at, such as "0 1 * * *" for every night at
	// one, or @every 6h.
	Schedule string

	// Whether the schedule owns its backups, so that they are deleted with it.
	UseOwnerReferencesInBackup *bool

	// Whether the schedule makes no backups for now.
	Paused bool

	// Whether a backup that is due when the schedule is made, or goes on after a pause, is left
	// out, so that the next one is made at the next time. Absent: no, or as the controller is set to.
	SkipImmediately *bool
}

// SchedulePhase says whether a schedule makes backups.
type SchedulePhase string

const (
	// SchedulePhaseNew means that no controller has looked at the schedule yet. So does no phase.
	SchedulePhaseNew SchedulePhase = "New"
	// SchedulePhaseEnabled means that the schedule makes backups.
	SchedulePhaseEnabled SchedulePhase = "Enabled"
	// SchedulePhaseFailedValidation means that it cannot; status.validationErrors says why.
	SchedulePhaseFailedValidation SchedulePhase = "FailedValidation"
)

// ScheduleStatus says whether a schedule makes backups, and when it last did.
type ScheduleStatus struct {
	// Whether the schedule makes backups. Absent: no controller has looked at it yet.
	Phase SchedulePhase

	// When a backup was last made.
	LastBackup *metav1.Time

	// When a backup was last left out.
	LastSkipped *metav1.Time

	// Why the schedule cannot make backups.
	ValidationErrors []string
}
