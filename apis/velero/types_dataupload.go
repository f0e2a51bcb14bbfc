package velero

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DataUpload moves the data of a snapshot to a backup storage location. Backups make it, and data
// movers carry it out.
type DataUpload struct {
	metav1.TypeMeta
	// Standard object metadata.
	metav1.ObjectMeta

	// Which snapshot to move, and where to.
	Spec DataUploadSpec
	// How far the copy has come. Written by data movers, on the object itself: this kind has no
	// status subresource.
	Status DataUploadStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DataUploadList is a list of moves of snapshots' data.
type DataUploadList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The moves.
	Items []DataUpload
}

// DataUploadSpec says which snapshot to move, and where to.
type DataUploadSpec struct {
	// What the snapshot is, such as CSI.
	SnapshotType SnapshotType

	// The snapshot, when its type is CSI.
	CSISnapshot *CSISnapshotSpec

	// Name of the claim of which the snapshot was taken.
	SourcePVC string

	// What moves the data. Absent, or velero: the one that is built in.
	Datamover string

	// Name of the backup storage location that the data go to.
	BackupStorageLocation string

	// Namespace of the claim and of the snapshot.
	SourceNamespace string

	// Settings of the data mover.
	DataMoverConfig map[string]string

	// Whether the copy is to be broken off.
	Cancel bool

	// How long each step may take, as a duration such as 10m.
	OperationTimeout metav1.Duration
}

// SnapshotType says what a snapshot is.
type SnapshotType string

// SnapshotTypeCSI is a VolumeSnapshot.
const SnapshotTypeCSI SnapshotType = "CSI"

// CSISnapshotSpec is a VolumeSnapshot.
type CSISnapshotSpec struct {
	// Name of the VolumeSnapshot.
	VolumeSnapshot string

	// Name of the storage class of the claim.
	StorageClass string

	// Name of the class of the VolumeSnapshot.
	SnapshotClass string

	// Name of the CSI driver.
	Driver string
}

// DataUploadStatus says how far a move of a snapshot's data has come.
type DataUploadStatus struct {
	// How far the copy has come. Absent: no node has taken it on yet.
	Phase DataMovePhase

	// Where the volume is on the node.
	Path string

	// What the copy is called where it is kept.
	SnapshotID string

	// What the data mover has to say about the copy.
	DataMoverResult *map[string]string

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

	// Name of the node that copies.
	Node string

	// Operating system of that node.
	NodeOS NodeOS

	// Name of the node that has taken the copy on.
	AcceptedByNode string

	// When a node has taken the copy on.
	AcceptedTimestamp *metav1.Time
}
