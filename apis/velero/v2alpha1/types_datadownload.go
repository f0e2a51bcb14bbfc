package v2alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DataDownload moves data that a DataUpload has kept back into a volume. Restores make it, and data
// movers carry it out.
type DataDownload struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which data to move, and where to.
	// +optional
	Spec DataDownloadSpec `json:"spec,omitzero"`
	// How far the copy has come. Written by data movers, on the object itself: this kind has no
	// status subresource.
	// +optional
	Status DataDownloadStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o DataDownload) MarshalJSON() ([]byte, error) {
	type fields DataDownload
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *DataDownload) UnmarshalJSON(data []byte) (err error) {
	type fields DataDownload
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DataDownloadList is a list of moves of data into volumes.
type DataDownloadList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The moves.
	Items []DataDownload `json:"items"`
}

// DataDownloadSpec says which data to move, and where to.
type DataDownloadSpec struct {
	// The volume that the data go to.
	TargetVolume TargetVolumeSpec `json:"targetVolume"`

	// Name of the backup storage location that the data come from.
	BackupStorageLocation string `json:"backupStorageLocation"`

	// What moves the data. Absent, or velero: the one that is built in.
	// +optional
	Datamover string `json:"datamover,omitempty"`

	// What the copy to restore is called where it is kept.
	SnapshotID string `json:"snapshotID"`

	// Namespace that the volume was in when it was backed up.
	SourceNamespace string `json:"sourceNamespace"`

	// Settings of the data mover.
	// +optional
	DataMoverConfig map[string]string `json:"dataMoverConfig,omitempty"`

	// Whether the copy is to be broken off.
	// +optional
	Cancel bool `json:"cancel,omitempty"`

	// How long each step may take, as a duration such as 10m.
	OperationTimeout metav1.Duration `json:"operationTimeout"`

	// Operating system of the node that is to copy. Absent: any.
	// +optional
	NodeOS NodeOS `json:"nodeOS,omitempty"`

	// How many bytes there are to restore.
	// +optional
	SnapshotSize int64 `json:"snapshotSize,omitempty"`
}

// TargetVolumeSpec is a volume that data are moved to.
type TargetVolumeSpec struct {
	// Name of the claim.
	PVC string `json:"pvc"`

	// Name of the persistent volume. Empty as long as there is none.
	PV string `json:"pv"`

	// Namespace of the claim.
	Namespace string `json:"namespace"`
}

// DataDownloadStatus says how far a move of data into a volume has come.
type DataDownloadStatus struct {
	// How far the copy has come. Absent: no node has taken it on yet.
	// +optional
	Phase DataMovePhase `json:"phase,omitempty"`

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

	// Name of the node that copies.
	// +optional
	Node string `json:"node,omitempty"`

	// Name of the node that has taken the copy on.
	// +optional
	AcceptedByNode string `json:"acceptedByNode,omitempty"`

	// When a node has taken the copy on.
	// +optional
	AcceptedTimestamp *metav1.Time `json:"acceptedTimestamp,omitempty" nullable:"true"`
}
