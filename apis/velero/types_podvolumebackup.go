package velero

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// PodVolumeBackup is a copy of the files of a pod's volume. Backups make it.
type PodVolumeBackup struct {
	metav1.TypeMeta
	// Standard object metadata.
	metav1.ObjectMeta

	// Which volume to copy, and where to.
	Spec PodVolumeBackupSpec
	// How far the copy has come. Written by controllers, on the object itself: this kind has no
	// status subresource.
	Status PodVolumeBackupStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// PodVolumeBackupList is a list of copies of pods' volumes.
type PodVolumeBackupList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The copies.
	Items []PodVolumeBackup
}

// PodVolumeBackupSpec says which volume to copy, and where to.
type PodVolumeBackupSpec struct {
	// Name of the node that the pod runs on.
	Node string

	// The pod that has the volume.
	Pod corev1.ObjectReference

	// Name of the volume in the pod.
	Volume string

	// Name of the backup storage location that the files go to.
	BackupStorageLocation string

	// Where restic keeps the files. Empty with Kopia.
	RepoIdentifier string

	// What copies the files.
	UploaderType UploaderType

	// Tags of the copy.
	Tags map[string]string

	// Settings of what copies the files.
	UploaderSettings map[string]string

	// Whether the copy is to be broken off.
	Cancel bool
}

// PodVolumeBackupStatus says how far a copy of a pod's volume has come.
type PodVolumeBackupStatus struct {
	// How far the copy has come. Absent: no node has taken it on yet.
	Phase DataMovePhase

	// Where the volume is on the node.
	Path string

	// What the copy is called where it is kept.
	SnapshotID string

	// Why the copy failed.
	Message string

	// When the copy began.
	StartTimestamp *metav1.Time

	// When the copy ended, well or not.
	CompletionTimestamp *metav1.Time

	// How much has been copied so far.
	Progress DataMoveOperationProgress

	// How many bytes were not yet there from an earlier copy.
	IncrementalBytes int64

	// When a node has taken the copy on.
	AcceptedTimestamp *metav1.Time
}
