package velero

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DataDownload moves data that a DataUpload has kept back into a volume. Restores make it, and data
// movers carry it out.
type DataDownload struct {
	metav1.TypeMeta
	// Standard object metadata.
	metav1.ObjectMeta

	// Which data to move, and where to.
	Spec DataDownloadSpec
	// How far the copy has come. Written by data movers, on the object itself: this kind has no
	// status subresource.
	Status DataDownloadStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DataDownloadList is a list of moves of data into volumes.
type DataDownloadList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The moves.
	Items []DataDownload
}

// DataDownloadSpec says which data to move, and where to.
type DataDownloadSpec struct {
	// The volume that the data go to.
	TargetVolume TargetVolumeSpec

	// Name of the backup storage location that the data come from.
	BackupStorageLocation string

	// What moves the data. Absent, or velero: the one that is built in.
	Datamover string

	// What the copy to restore is called where it is kept.
	SnapshotID string

	// Namespace that the volume was in when it was backed up.
	SourceNamespace string

	// Settings of the data mover.
	DataMoverConfig map[string]string

	// Whether the copy is to be broken off.
	Cancel bool

	// How long each step may take, as a duration such as 10m.
	OperationTimeout metav1.Duration

	// Operating system of the node that is to copy. Absent: any.
	NodeOS NodeOS

	// How many bytes there are to restore.
	SnapshotSize int64
}

// TargetVolumeSpec is a volume that data are moved to.
type TargetVolumeSpec struct {
	// Name of the claim.
	PVC string

	// Name of the persistent volume. Empty as long as there is none.
	PV string

	// Namespace of the claim.
	Namespace string
}

// DataDownloadStatus says how far a move of data into a volume has come.
type DataDownloadStatus struct {
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

	// Name of the node that copies.
	Node string

	// Name of the node that has taken the copy on.
	AcceptedByNode string

	// When a node has taken the copy on.
	AcceptedTimestamp *metav1.Time
}
