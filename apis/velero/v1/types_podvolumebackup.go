package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
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
	Spec PodVolumeBackupSpec `json:"spec,omitzero"`
	// How far the copy has come. Written by controllers, on the object itself: this kind has no
	// status subresource.
	// +optional
	Status PodVolumeBackupStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o PodVolumeBackup) MarshalJSON() ([]byte, error) {
	type fields PodVolumeBackup
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *PodVolumeBackup) UnmarshalJSON(data []byte) (err error) {
	type fields PodVolumeBackup
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
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
	UploaderSettings map[string]string `json:"uploaderSettings,omitempty" nullable:"true"`

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

	// When a node has taken the copy on.
	// +optional
	AcceptedTimestamp *metav1.Time `json:"acceptedTimestamp,omitempty" nullable:"true"`
}
