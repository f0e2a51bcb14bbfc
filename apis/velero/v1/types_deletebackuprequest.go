package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DeleteBackupRequest asks for a backup to be deleted with all that belongs to it: its files in the
// bucket, its snapshots and its restores. To delete the Backup object alone leaves those behind.
type DeleteBackupRequest struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which backup to delete.
	// +optional
	Spec DeleteBackupRequestSpec `json:"spec,omitzero"`
	// How far the deletion has come. Written by controllers, on the object itself: this kind has
	// no status subresource.
	// +optional
	Status DeleteBackupRequestStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o DeleteBackupRequest) MarshalJSON() ([]byte, error) {
	type fields DeleteBackupRequest
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *DeleteBackupRequest) UnmarshalJSON(data []byte) (err error) {
	type fields DeleteBackupRequest
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DeleteBackupRequestList is a list of requests to delete backups.
type DeleteBackupRequestList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The requests.
	Items []DeleteBackupRequest `json:"items"`
}

// DeleteBackupRequestSpec says which backup to delete.
type DeleteBackupRequestSpec struct {
	// Name of the backup, in the request's namespace.
	BackupName string `json:"backupName"`
}

// DeleteBackupRequestPhase says how far a deletion has come.
// +enum
type DeleteBackupRequestPhase string

const (
	// DeleteBackupRequestPhaseNew means that no controller has looked at the request yet. So does no phase.
	DeleteBackupRequestPhaseNew DeleteBackupRequestPhase = "New"
	// DeleteBackupRequestPhaseInProgress means that the backup is being deleted.
	DeleteBackupRequestPhaseInProgress DeleteBackupRequestPhase = "InProgress"
	// DeleteBackupRequestPhaseProcessed means that the deletion has ended; status.errors says what is left.
	DeleteBackupRequestPhaseProcessed DeleteBackupRequestPhase = "Processed"
)

// DeleteBackupRequestStatus says how far a deletion has come.
type DeleteBackupRequestStatus struct {
	// How far the deletion has come. Absent: no controller has looked at it yet.
	// +optional
	Phase DeleteBackupRequestPhase `json:"phase,omitempty"`

	// What could not be deleted, and why.
	// +optional
	// +listType=atomic
	Errors []string `json:"errors,omitempty" nullable:"true"`
}
