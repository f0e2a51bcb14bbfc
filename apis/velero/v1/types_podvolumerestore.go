package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
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
	Spec PodVolumeRestoreSpec `json:"spec,omitzero"`
	// How far the copy has come. Written by controllers, on the object itself: this kind has no
	// status subresource.
	// +optional
	Status PodVolumeRestoreStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o PodVolumeRestore) MarshalJSON() ([]byte, error) {
	type fields PodVolumeRestore
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *PodVolumeRestore) UnmarshalJSON(data []byte) (err error) {
	type fields PodVolumeRestore
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
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
	UploaderSettings map[string]string `json:"uploaderSettings,omitempty" nullable:"true"`

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
	StartTimestamp *metav1.Time `json:"startTimestamp,omitempty" nullable:"true"`

	// When the copy ended, well or not.
	// +optional
	CompletionTimestamp *metav1.Time `json:"completionTimestamp,omitempty" nullable:"true"`

	// How much has been copied so far.
	// +optional
	Progress DataMoveOperationProgress `json:"progress,omitzero"`

	// When a node has taken the copy on.
	// +optional
	AcceptedTimestamp *metav1.Time `json:"acceptedTimestamp,omitempty" nullable:"true"`

	// Name of the node that has taken the copy on.
	// +optional
	Node string `json:"node,omitempty"`
}
