package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// PodVolumeBackup is a copy of the files of a pod's volume. Backups make it.
type PodVolumeBackup struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which volume to copy, and where to.
	// +optional
	Spec PodVolumeBackupSpec `json:"spec,omitempty"`
	// How far the copy has come. Written by controllers, on the object itself: this kind has no
	// status subresource.
	// +optional
	Status PodVolumeBackupStatus `json:"status,omitempty"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// PodVolumeBackupList is a list of copies of pods' volumes.
type PodVolumeBackupList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The copies.
	Items []PodVolumeBackup `json:"items"`
}

// PodVolumeBackupSpec says which volume to copy, and where to.
type PodVolumeBackupSpec struct {
	// Name of the node that the pod runs on.
	Node string `json:"node"`

	// The pod that has the volume.
	Pod corev1.ObjectReference `json:"pod"`

	// Name of the volume in the pod.
	Volume string `json:"volume"`

	// Name of the backup storage location that the files go to.
	BackupStorageLocation string `json:"backupStorageLocation"`

	// Where restic keeps the files. Empty with Kopia.
	RepoIdentifier string `json:"repoIdentifier"`

	// What copies the files.
	// +optional
	UploaderType UploaderType `json:"uploaderType"`

	// Tags of the copy.
	// +optional
	Tags map[string]string `json:"tags,omitempty"`

	// Settings of what copies the files.
	// +optional
	// +nullable
	UploaderSettings map[string]string `json:"uploaderSettings,omitempty"`

	// Whether the copy is to be broken off.
	// +optional
	Cancel bool `json:"cancel,omitempty"`
}

// PodVolumeBackupStatus says how far a copy of a pod's volume has come.
type PodVolumeBackupStatus struct {
	// How far the copy has come. Absent: no node has taken it on yet.
	// +optional
	Phase DataMovePhase `json:"phase,omitempty"`

	// Where the volume is on the node.
	// +optional
	Path string `json:"path,omitempty"`

	// What the copy is called where it is kept.
	// +optional
	SnapshotID string `json:"snapshotID,omitempty"`

	// Why the copy failed.
	// +optional
	Message string `json:"message,omitempty"`

	// When the copy began.
	// +optional
	// +nullable
	StartTimestamp *metav1.Time `json:"startTimestamp,omitempty"`

	// When the copy ended, well or not.
	// +optional
	// +nullable
	CompletionTimestamp *metav1.Time `json:"completionTimestamp,omitempty"`

	// How much has been copied so far.
	// +optional
	Progress DataMoveOperationProgress `json:"progress,omitempty"`

	// How many bytes were not yet there from an earlier copy.
	// +optional
	IncrementalBytes int64 `json:"incrementalBytes,omitempty"`

	// When a node has taken the copy on.
	// +optional
	// +nullable
	AcceptedTimestamp *metav1.Time `json:"acceptedTimestamp,omitempty"`
}
