package v2alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DataUpload moves the data of a snapshot to a backup storage location. Backups make it, and data
// movers carry it out.
type DataUpload struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which snapshot to move, and where to.
	// +optional
	Spec DataUploadSpec `json:"spec,omitzero"`
	// How far the copy has come. Written by data movers, on the object itself: this kind has no
	// status subresource.
	// +optional
	Status DataUploadStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o DataUpload) MarshalJSON() ([]byte, error) {
	type fields DataUpload
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *DataUpload) UnmarshalJSON(data []byte) (err error) {
	type fields DataUpload
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DataUploadList is a list of moves of snapshots' data.
type DataUploadList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The moves.
	Items []DataUpload `json:"items"`
}

// DataUploadSpec says which snapshot to move, and where to.
type DataUploadSpec struct {
	// What the snapshot is, such as CSI.
	SnapshotType SnapshotType `json:"snapshotType"`

	// The snapshot, when its type is CSI.
	// +optional
	CSISnapshot *CSISnapshotSpec `json:"csiSnapshot" nullable:"true"`

	// Name of the claim of which the snapshot was taken.
	SourcePVC string `json:"sourcePVC"`

	// What moves the data. Absent, or velero: the one that is built in.
	// +optional
	Datamover string `json:"datamover,omitempty"`

	// Name of the backup storage location that the data go to.
	BackupStorageLocation string `json:"backupStorageLocation"`

	// Namespace of the claim and of the snapshot.
	SourceNamespace string `json:"sourceNamespace"`

	// Settings of the data mover.
	// +optional
	DataMoverConfig map[string]string `json:"dataMoverConfig,omitempty" nullable:"true"`

	// Whether the copy is to be broken off.
	// +optional
	Cancel bool `json:"cancel,omitempty"`

	// How long each step may take, as a duration such as 10m.
	OperationTimeout metav1.Duration `json:"operationTimeout"`
}

// SnapshotType says what a snapshot is.
type SnapshotType string

// SnapshotTypeCSI is a VolumeSnapshot.
const SnapshotTypeCSI SnapshotType = "CSI"

// CSISnapshotSpec is a VolumeSnapshot.
type CSISnapshotSpec struct {
	// Name of the VolumeSnapshot.
	VolumeSnapshot string `json:"volumeSnapshot"`

	// Name of the storage class of the claim.
	StorageClass string `json:"storageClass"`

	// Name of the class of the VolumeSnapshot.
	// +optional
	SnapshotClass string `json:"snapshotClass"`

	// Name of the CSI driver.
	// +optional
	Driver string `json:"driver,omitempty"`
}

// DataUploadStatus says how far a move of a snapshot's data has come.
type DataUploadStatus struct {
	// How far the copy has come. Absent: no node has taken it on yet.
	// +optional
	Phase DataMovePhase `json:"phase,omitempty"`

	// Where the volume is on the node.
	// +optional
	Path string `json:"path,omitempty"`

	// What the copy is called where it is kept.
	// +optional
	SnapshotID string `json:"snapshotID,omitempty"`

	// What the data mover has to say about the copy.
	// +optional
	DataMoverResult *map[string]string `json:"dataMoverResult,omitempty" nullable:"true"`

	// Why the copy failed.
	// +optional
	Message string `json:"message,omitempty"`

	// When the copy began.
	// +optional
	StartTimestamp *metav1.Time `json:"startTimestamp,omitempty" nullable:"true"`

	// When the copy ended, well or not.
	// +optional
	CompletionTimestamp *metav1.Time `json:"completionTimestamp,omitempty" nullable:"true"`

	// How much has been copied so far.
	// +optional
	Progress DataMoveOperationProgress `json:"progress,omitzero"`

	// How many bytes were not yet there from an earlier copy.
	// +optional
	IncrementalBytes int64 `json:"incrementalBytes,omitempty"`

	// Name of the node that copies.
	// +optional
	Node string `json:"node,omitempty"`

	// Operating system of that node.
	// +optional
	NodeOS NodeOS `json:"nodeOS,omitempty"`

	// Name of the node that has taken the copy on.
	// +optional
	AcceptedByNode string `json:"acceptedByNode,omitempty"`

	// When a node has taken the copy on.
	// +optional
	AcceptedTimestamp *metav1.Time `json:"acceptedTimestamp,omitempty" nullable:"true"`
}
