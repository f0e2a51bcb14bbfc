package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Schedule makes a backup again and again, at the times that a cron expression gives.
type Schedule struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata. The names of backups begin with the schedule's.
	// +optional
	metav1.ObjectMeta `json:"metadata"`

	// When to back up what.
	// +optional
	Spec ScheduleSpec `json:"spec,omitzero"`
	// When the last backup was made. Written by controllers, on the object itself: this kind has
	// no status subresource.
	// +optional
	Status ScheduleStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o Schedule) MarshalJSON() ([]byte, error) {
	type fields Schedule
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *Schedule) UnmarshalJSON(data []byte) (err error) {
	type fields Schedule
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ScheduleList is a list of schedules.
type ScheduleList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The schedules.
	Items []Schedule `json:"items"`
}

// ScheduleSpec says when to back up what.
type ScheduleSpec struct {
	// What to back up, and where to.
	Template BackupSpec `json:"template"`

	// Cron expression of the times to make a backup at, such as "0 1 * * *" for every night at
	// one, or @every 6h.
	Schedule string `json:"schedule"`

	// Whether the schedule owns its backups, so that they are deleted with it.
	// +optional
	UseOwnerReferencesInBackup *bool `json:"useOwnerReferencesInBackup,omitempty" nullable:"true"`

	// Whether the schedule makes no backups for now.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// Whether a backup that is due when the schedule is made, or goes on after a pause, is left
	// out, so that the next one is made at the next time. Absent: no, or as the controller is set to.
	// +optional
	SkipImmediately *bool `json:"skipImmediately,omitempty"`
}

// SchedulePhase says whether a schedule makes backups.
// +enum
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
	// +optional
	Phase SchedulePhase `json:"phase,omitempty"`

	// When a backup was last made.
	// +optional
	LastBackup *metav1.Time `json:"lastBackup,omitempty" nullable:"true"`

	// When a backup was last left out.
	// +optional
	LastSkipped *metav1.Time `json:"lastSkipped,omitempty" nullable:"true"`

	// Why the schedule cannot make backups.
	// +optional
	// +listType=atomic
	ValidationErrors []string `json:"validationErrors,omitempty"`
}
