package velero

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DeleteBackupRequest asks for a backup to be deleted with all that belongs to it: its files in the
// bucket, its snapshots and its restores. To delete the Backup object alone leaves those behind.
type DeleteBackupRequest struct {
	metav1.TypeMeta
	// Standard object metadata.
	metav1.ObjectMeta

	// Which backup to delete.
	Spec DeleteBackupRequestSpec
	// How far the deletion has come. Written by controllers, on the object itself: this kind has
	// no status subresource.
	Status DeleteBackupRequestStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DeleteBackupRequestList is a list of requests to delete backups.
type DeleteBackupRequestList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The requests.
	Items []DeleteBackupRequest
}

// DeleteBackupRequestSpec says which backup to delete.
type DeleteBackupRequestSpec struct {
	// Name of the backup, in the request's namespace.
	BackupName string
}

// DeleteBackupRequestPhase says how far a deletion has come.
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
	Phase DeleteBackupRequestPhase

	// What could not be deleted, and why.
	Errors []string
}
