package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// PodVolumeRestore brings the files of a pod's volume back. Restores make it.
type PodVolumeRestore struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which volume to restore, and where from.
	// +optional
	Spec PodVolumeRestoreSpec `json:"spec,omitempty"`
	// How far the copy has come. Written by controllers, on the object itself: this kind has no
	// status subresource.
	// +optional
	Status PodVolumeRestoreStatus `json:"status,omitempty"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// PodVolumeRestoreList is a list of restores of pods' volumes.
type PodVolumeRestoreList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The restores.
	Items []PodVolumeRestore `json:"items"`
}

// PodVolumeRestoreSpec says which volume to restore, and where from.
type PodVolumeRestoreSpec struct {
	// The pod that has the volume.
	Pod corev1.ObjectReference `json:"pod"`

	// Name of the volume in the pod.
	Volume string `json:"volume"`

	// Name of the backup storage location that the files come from.
	BackupStorageLocation string `json:"backupStorageLocation"`

	// Where restic keeps the files. Empty with Kopia.
	RepoIdentifier string `json:"repoIdentifier"`

	// What copies the files.
	// +optional
	UploaderType UploaderType `json:"uploaderType"`

	// What the copy to restore is called where it is kept.
	SnapshotID string `json:"snapshotID"`

	// Namespace that the volume was in when it was backed up.
	SourceNamespace string `json:"sourceNamespace"`

	// Settings of what copies the files.
	// +optional
	// +nullable
	UploaderSettings map[string]string `json:"uploaderSettings,omitempty"`

	// Whether the copy is to be broken off.
	// +optional
	Cancel bool `json:"cancel,omitempty"`

	// How many bytes there are to restore.
	// +optional
	SnapshotSize int64 `json:"snapshotSize,omitempty"`
}

// PodVolumeRestoreStatus says how far the restore of a pod's volume has come.
type PodVolumeRestoreStatus struct {
	// How far the copy has come. Absent: no node has taken it on yet.
	// +optional
	Phase DataMovePhase `json:"phase,omitempty"`

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

	// When a node has taken the copy on.
	// +optional
	// +nullable
	AcceptedTimestamp *metav1.Time `json:"acceptedTimestamp,omitempty"`

	// Name of the node that has taken the copy on.
	// +optional
	Node string `json:"node,omitempty"`
}
