package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// VolumeSnapshotLocation says where, with which provider and with which credentials, snapshots of
// persistent volumes are taken.
type VolumeSnapshotLocation struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata. The name is what backups refer to.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Where snapshots are taken and how.
	// +optional
	Spec VolumeSnapshotLocationSpec `json:"spec,omitzero"`
	// What was last seen of the location. Written by controllers, on the object itself:
	// this kind has no status subresource.
	// +optional
	Status VolumeSnapshotLocationStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o VolumeSnapshotLocation) MarshalJSON() ([]byte, error) {
	type fields VolumeSnapshotLocation
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *VolumeSnapshotLocation) UnmarshalJSON(data []byte) (err error) {
	type fields VolumeSnapshotLocation
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// VolumeSnapshotLocationList is a list of volume snapshot locations.
type VolumeSnapshotLocationList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The locations.
	Items []VolumeSnapshotLocation `json:"items"`
}

// VolumeSnapshotLocationSpec says where snapshots are taken and how.
type VolumeSnapshotLocationSpec struct {
	// Provider of the volumes, such as aws, azure, gcp or portworx. A name without a slash means
	// a provider of velero.io: aws and velero.io/aws are the same provider.
	Provider string `json:"provider"`

	// Settings of the provider. For aws: region, and optionally profile and ebsKmsKeyId.
	// +optional
	Config map[string]string `json:"config,omitempty"`

	// Key of a Secret, in the location's namespace, that holds the provider's credentials file.
	// Absent: the key cloud of the Secret cloud-credentials.
	// +optional
	Credential *corev1.SecretKeySelector `json:"credential,omitempty"`
}

// VolumeSnapshotLocationPhase says whether a location could be used when it was last checked.
// +enum
type VolumeSnapshotLocationPhase string

const (
	// VolumeSnapshotLocationAvailable means that the last check succeeded.
	VolumeSnapshotLocationAvailable VolumeSnapshotLocationPhase = "Available"
	// VolumeSnapshotLocationUnavailable means that the last check failed.
	VolumeSnapshotLocationUnavailable VolumeSnapshotLocationPhase = "Unavailable"
)

// VolumeSnapshotLocationStatus is what was last seen of a location. Velero's own type has the phase
// only, and no release of Velero writes it; its clients pass over the rest.
type VolumeSnapshotLocationStatus struct {
	// Whether the location could be used when it was last checked. Absent: not checked yet, or
	// there is nothing here that could check it, which the message says.
	// +optional
	Phase VolumeSnapshotLocationPhase `json:"phase,omitempty"`

	// Why the location is not available, or is not checked. Velero's type has no such field.
	// +optional
	Message string `json:"message,omitempty"`

	// When the location was last checked. Velero's type has no such field.
	// +optional
	LastValidationTime *metav1.Time `json:"lastValidationTime,omitempty" nullable:"true"`
}
