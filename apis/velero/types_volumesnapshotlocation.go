package velero

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// VolumeSnapshotLocation says where, with which provider and with which credentials, snapshots of
// persistent volumes are taken.
type VolumeSnapshotLocation struct {
	metav1.TypeMeta
	// Standard object metadata. The name is what backups refer to.
	metav1.ObjectMeta

	// Where snapshots are taken and how.
	Spec VolumeSnapshotLocationSpec
	// What was last seen of the location. Written by controllers, on the object itself:
	// this kind has no status subresource.
	Status VolumeSnapshotLocationStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// VolumeSnapshotLocationList is a list of volume snapshot locations.
type VolumeSnapshotLocationList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The locations.
	Items []VolumeSnapshotLocation
}

// VolumeSnapshotLocationSpec says where snapshots are taken and how.
type VolumeSnapshotLocationSpec struct {
	// Provider of the volumes, such as aws, azure, gcp or portworx. A name without a slash means
	// a provider of velero.io: aws and velero.io/aws are the same provider.
	Provider string

	// Settings of the provider. For aws: region, and optionally profile and ebsKmsKeyId.
	Config map[string]string

	// Key of a Secret, in the location's namespace, that holds the provider's credentials file.
	// Absent: the key cloud of the Secret cloud-credentials.
	Credential *corev1.SecretKeySelector
}

// VolumeSnapshotLocationPhase says whether a location could be used when it was last checked.
type VolumeSnapshotLocationPhase string

const (
	// VolumeSnapshotLocationAvailable means that the last check succeeded.
	VolumeSnapshotLocationAvailable VolumeSnapshotLocationPhase = "Available"
	// VolumeSnapshotLocationUnavailable means that the last check failed.
	VolumeSnapshotLocationUnavailable VolumeSnapshotLocationPhase = "Unavailable"
)

// VolumeSnapshotLocationStatus is what was last seen of a location. Velero's own type has the phase
// only, and no release of Velero writes it.
type VolumeSnapshotLocationStatus struct {
	// Whether the location could be used when it was last checked. Absent: not checked yet, or
	// there is nothing here that could check it, which the message says.
	Phase VolumeSnapshotLocationPhase

	// Why the location is not available, or is not checked. Velero's type has no such field.
	Message string

	// When the location was last checked. Velero's type has no such field.
	LastValidationTime *metav1.Time
}
