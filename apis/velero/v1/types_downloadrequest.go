package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DownloadRequest asks for a URL that a file of a backup or restore can be downloaded from.
type DownloadRequest struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which file to download.
	// +optional
	Spec DownloadRequestSpec `json:"spec,omitzero"`
	// The URL. Written by controllers, on the object itself: this kind has no status subresource.
	// +optional
	Status DownloadRequestStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o DownloadRequest) MarshalJSON() ([]byte, error) {
	type fields DownloadRequest
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *DownloadRequest) UnmarshalJSON(data []byte) (err error) {
	type fields DownloadRequest
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// DownloadRequestList is a list of requests to download files.
type DownloadRequestList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The requests.
	Items []DownloadRequest `json:"items"`
}

// DownloadRequestSpec says which file to download.
type DownloadRequestSpec struct {
	// The file.
	Target DownloadTarget `json:"target"`
}

// DownloadTarget is a file of a backup or restore.
type DownloadTarget struct {
	// Which of the files.
	Kind DownloadTargetKind `json:"kind"`

	// Name of the backup or restore, in the request's namespace.
	Name string `json:"name"`
}

// DownloadTargetKind is one of the files of a backup or restore.
// +enum
type DownloadTargetKind string

const (
	// DownloadTargetKindBackupLog is the log of a backup.
	DownloadTargetKindBackupLog DownloadTargetKind = "BackupLog"
	// DownloadTargetKindBackupContents are the objects in a backup.
	DownloadTargetKindBackupContents DownloadTargetKind = "BackupContents"
	// DownloadTargetKindBackupVolumeSnapshots are the snapshots of a backup.
	DownloadTargetKindBackupVolumeSnapshots DownloadTargetKind = "BackupVolumeSnapshots"
	// DownloadTargetKindBackupItemOperations is what plugins did for a backup in the background.
	DownloadTargetKindBackupItemOperations DownloadTargetKind = "BackupItemOperations"
	// DownloadTargetKindBackupResourceList are the names of the objects in a backup.
	DownloadTargetKindBackupResourceList DownloadTargetKind = "BackupResourceList"
	// DownloadTargetKindBackupResults are the errors and warnings of a backup.
	DownloadTargetKindBackupResults DownloadTargetKind = "BackupResults"
	// DownloadTargetKindRestoreLog is the log of a restore.
	DownloadTargetKindRestoreLog DownloadTargetKind = "RestoreLog"
	// DownloadTargetKindRestoreResults are the errors and warnings of a restore.
	DownloadTargetKindRestoreResults DownloadTargetKind = "RestoreResults"
	// DownloadTargetKindRestoreResourceList are the names of the objects that were restored.
	DownloadTargetKindRestoreResourceList DownloadTargetKind = "RestoreResourceList"
	// DownloadTargetKindRestoreItemOperations is what plugins did for a restore in the background.
	DownloadTargetKindRestoreItemOperations DownloadTargetKind = "RestoreItemOperations"
	// DownloadTargetKindCSIBackupVolumeSnapshots are the VolumeSnapshots of a backup.
	DownloadTargetKindCSIBackupVolumeSnapshots DownloadTargetKind = "CSIBackupVolumeSnapshots"
	// DownloadTargetKindCSIBackupVolumeSnapshotContents are the VolumeSnapshotContents of a backup.
	DownloadTargetKindCSIBackupVolumeSnapshotContents DownloadTargetKind = "CSIBackupVolumeSnapshotContents"
	// DownloadTargetKindBackupVolumeInfos says how each volume of a backup was backed up.
	DownloadTargetKindBackupVolumeInfos DownloadTargetKind = "BackupVolumeInfos"
	// DownloadTargetKindRestoreVolumeInfo says how each volume of a restore was restored.
	DownloadTargetKindRestoreVolumeInfo DownloadTargetKind = "RestoreVolumeInfo"
)

// DownloadRequestPhase says whether the URL is there.
// +enum
type DownloadRequestPhase string

const (
	// DownloadRequestPhaseNew means that no controller has looked at the request yet. So does no phase.
	DownloadRequestPhaseNew DownloadRequestPhase = "New"
	// DownloadRequestPhaseProcessed means that the URL is in status.downloadURL.
	DownloadRequestPhaseProcessed DownloadRequestPhase = "Processed"
)

// DownloadRequestStatus holds the URL.
type DownloadRequestStatus struct {
	// Whether the URL is there.
	// +optional
	Phase DownloadRequestPhase `json:"phase,omitempty"`

	// URL to download the file from. Whoever has it may do so.
	// +optional
	DownloadURL string `json:"downloadURL,omitempty"`

	// Until when the URL can be used. Afterwards the request is deleted.
	// +optional
	Expiration *metav1.Time `json:"expiration,omitempty" nullable:"true"`
}
