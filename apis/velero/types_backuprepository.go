package velero

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupRepository is where, in a backup storage location, the data of a namespace's volumes are kept.
type BackupRepository struct {
	metav1.TypeMeta
	// Standard object metadata.
	metav1.ObjectMeta

	// Which repository it is.
	Spec BackupRepositorySpec
	// Whether the repository can be used. Written by controllers, on the object itself: this kind
	// has no status subresource.
	Status BackupRepositoryStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupRepositoryList is a list of repositories.
type BackupRepositoryList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The repositories.
	Items []BackupRepository
}

// BackupRepositorySpec says which repository it is.
type BackupRepositorySpec struct {
	// Namespace whose volumes' data are kept here.
	VolumeNamespace string

	// Name of the backup storage location that the repository is in.
	BackupStorageLocation string

	// What keeps the data.
	RepositoryType UploaderType

	// Where restic keeps the data. Not for Kopia.
	ResticIdentifier string

	// How often the repository is maintained, as a duration such as 1h. 0s: as its type suggests.
	MaintenanceFrequency metav1.Duration

	// Settings of the repository.
	RepositoryConfig map[string]string
}

// BackupRepositoryPhase says whether a repository can be used.
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
	Phase BackupRepositoryPhase

	// Why the repository cannot be used.
	Message string

	// When the repository was last maintained successfully.
	LastMaintenanceTime *metav1.Time

	// How the last few times went.
	RecentMaintenance []BackupRepositoryMaintenanceStatus
}

// BackupRepositoryMaintenanceResult says how a maintenance of a repository went.
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
	Result BackupRepositoryMaintenanceResult

	// When it began.
	StartTimestamp *metav1.Time

	// When it ended.
	CompleteTimestamp *metav1.Time

	// Why it failed.
	Message string
}
