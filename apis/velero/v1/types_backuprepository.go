package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupRepository is where, in a backup storage location, the data of a namespace's volumes are kept.
type BackupRepository struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Which repository it is.
	// +optional
	Spec BackupRepositorySpec `json:"spec,omitzero"`
	// Whether the repository can be used. Written by controllers, on the object itself: this kind
	// has no status subresource.
	// +optional
	Status BackupRepositoryStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o BackupRepository) MarshalJSON() ([]byte, error) {
	type fields BackupRepository
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *BackupRepository) UnmarshalJSON(data []byte) (err error) {
	type fields BackupRepository
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupRepositoryList is a list of repositories.
type BackupRepositoryList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The repositories.
	Items []BackupRepository `json:"items"`
}

// BackupRepositorySpec says which repository it is.
type BackupRepositorySpec struct {
	// Namespace whose volumes' data are kept here.
	VolumeNamespace string `json:"volumeNamespace"`

	// Name of the backup storage location that the repository is in.
	BackupStorageLocation string `json:"backupStorageLocation"`

	// What keeps the data.
	// +optional
	RepositoryType UploaderType `json:"repositoryType"`

	// Where restic keeps the data. Not for Kopia.
	// +optional
	ResticIdentifier string `json:"resticIdentifier,omitempty"`

	// How often the repository is maintained, as a duration such as 1h. 0s: as its type suggests.
	MaintenanceFrequency metav1.Duration `json:"maintenanceFrequency"`

	// Settings of the repository.
	// +optional
	RepositoryConfig map[string]string `json:"repositoryConfig,omitempty" nullable:"true"`
}

// BackupRepositoryPhase says whether a repository can be used.
// +enum
type BackupRepositoryPhase string

const (
	// BackupRepositoryPhaseNew means that no controller has looked at the repository yet. So does no phase.
	BackupRepositoryPhaseNew BackupRepositoryPhase = "New"
	// BackupRepositoryPhaseReady means that the repository can be used.
	BackupRepositoryPhaseReady BackupRepositoryPhase = "Ready"
	// BackupRepositoryPhaseNotReady means that it cannot; status.message says why.
	BackupRepositoryPhaseNotReady BackupRepositoryPhase = "NotReady"
)

// BackupRepositoryStatus says whether a repository can be used, and how it was maintained.
type BackupRepositoryStatus struct {
	// Whether the repository can be used. Absent: no controller has looked at it yet.
	// +optional
	Phase BackupRepositoryPhase `json:"phase,omitempty"`

	// Why the repository cannot be used.
	// +optional
	Message string `json:"message,omitempty"`

	// When the repository was last maintained successfully.
	// +optional
	LastMaintenanceTime *metav1.Time `json:"lastMaintenanceTime,omitempty" nullable:"true"`

	// How the last few times went.
	// +optional
	// +listType=atomic
	RecentMaintenance []BackupRepositoryMaintenanceStatus `json:"recentMaintenance,omitempty"`
}

// BackupRepositoryMaintenanceResult says how a maintenance of a repository went.
// +enum
type BackupRepositoryMaintenanceResult string

const (
	// BackupRepositoryMaintenanceSucceeded means that it went well.
	BackupRepositoryMaintenanceSucceeded BackupRepositoryMaintenanceResult = "Succeeded"
	// BackupRepositoryMaintenanceFailed means that it failed; the message says why.
	BackupRepositoryMaintenanceFailed BackupRepositoryMaintenanceResult = "Failed"
)

// BackupRepositoryMaintenanceStatus is one maintenance of a repository.
type BackupRepositoryMaintenanceStatus struct {
	// How it went.
	// +optional
	Result BackupRepositoryMaintenanceResult `json:"result,omitempty"`

	// When it began.
	// +optional
	StartTimestamp *metav1.Time `json:"startTimestamp,omitempty" nullable:"true"`

	// When it ended.
	// +optional
	CompleteTimestamp *metav1.Time `json:"completeTimestamp,omitempty" nullable:"true"`

	// Why it failed.
	// +optional
	Message string `json:"message,omitempty"`
}
