package velero

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// PodVolumeRestore brings the files of a pod's volume back. Restores make it.
type PodVolumeRestore struct {
	metav1.TypeMeta
	// Standard object metadata.
	metav1.ObjectMeta

	// Which volume to restore, and where from.
	Spec PodVolumeRestoreSpec
	// How far the copy has come. Written by controllers, on the object itself: this kind has no
	// status subresource.
	Status PodVolumeRestoreStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// PodVolumeRestoreList is a list of restores of pods' volumes.
type PodVolumeRestoreList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The restores.
	Items []PodVolumeRestore
}

// PodVolumeRestoreSpec says which volume to restore, and where from.
type PodVolumeRestoreSpec struct {
	// The pod that has the volume.
	Pod corev1.ObjectReference

	// Name of the volume in the pod.
	Volume string

	// Name of the backup storage location that the files come from.
	BackupStorageLocation string

	// Where restic keeps the files. Empty with Kopia.
	RepoIdentifier string

	// What copies the files.
	UploaderType UploaderType

	// What the copy to restore is called where it is kept.
	SnapshotID string

	// Namespace that the volume was in when it was backed up.
	SourceNamespace string

	// Settings of what copies the files.
	UploaderSettings map[string]string

	// Whether the copy is to be broken off.
	Cancel bool

	// How many bytes there are to restore.
	SnapshotSize int64
}

// PodVolumeRestoreStatus says how far the restore of a pod's volume has come.
type PodVolumeRestoreStatus struct {
	// How far the copy has come. Absent: no node has taken it on yet.
	Phase DataMovePhase

	// Why the copy failed.
	Message string

	// When the copy began.
	StartTimestamp *metav1.Time

	// When the copy ended, well or not.
	CompletionTimestamp *metav1.Time

	// How much has been copied so far.
	Progress DataMoveOperationProgress

	// When a node has taken the copy on.
	AcceptedTimestamp *metav1.Time

	// Name of the node that has taken the copy on.
	Node string
}
