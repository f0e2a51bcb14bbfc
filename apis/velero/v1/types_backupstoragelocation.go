package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupStorageLocation names a place in object storage where backups are kept: a bucket, or a
// prefix of one, with the provider that serves it and the credentials to reach it.
type BackupStorageLocation struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata. The name is what backups refer to.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Where the location is and how to reach it.
	// +optional
	Spec BackupStorageLocationSpec `json:"spec,omitzero"`
	// What was last seen of the location. Written by controllers, on the object itself:
	// this kind has no status subresource.
	// +optional
	Status BackupStorageLocationStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o BackupStorageLocation) MarshalJSON() ([]byte, error) {
	type fields BackupStorageLocation
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *BackupStorageLocation) UnmarshalJSON(data []byte) (err error) {
	type fields BackupStorageLocation
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupStorageLocationList is a list of backup storage locations.
type BackupStorageLocationList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The locations.
	Items []BackupStorageLocation `json:"items"`
}

// BackupStorageLocationSpec says where a location is and how to reach it.
type BackupStorageLocationSpec struct {
	// Provider of the object storage, such as aws, azure or gcp. A name without a slash means
	// a provider of velero.io: aws and velero.io/aws are the same provider.
	Provider string `json:"provider"`

	// Settings of the provider. For aws these are, among others, region, s3Url and
	// s3ForcePathStyle.
	// +optional
	Config map[string]string `json:"config,omitempty"`

	// Key of a Secret, in the location's namespace, that holds the provider's credentials file.
	// Absent: the key cloud of the Secret cloud-credentials.
	// +optional
	Credential *corev1.SecretKeySelector `json:"credential,omitempty"`

	// The bucket, and the prefix inside it, where backups are kept.
	ObjectStorage *ObjectStorageLocation `json:"objectStorage"`

	// Whether backups that name no location go here. At most one location of a namespace is the
	// default: setting this on one takes it from the other.
	// +optional
	Default bool `json:"default,omitempty"`

	// Whether backups may be written and deleted here (ReadWrite), or only read (ReadOnly).
	// Absent: ReadWrite.
	// +optional
	AccessMode BackupStorageLocationAccessMode `json:"accessMode,omitempty"`

	// How often the backups found in the bucket are brought into the cluster, as a duration such
	// as 1m or 2h30m; 0s: never. Absent: the period that the controller is set to.
	// +optional
	BackupSyncPeriod *metav1.Duration `json:"backupSyncPeriod,omitempty" nullable:"true"`

	// How often the location is checked, as a duration such as 1m or 2h30m; 0s: once, and again
	// only when it changes. Absent: every minute, or as the controller is set to.
	// +optional
	ValidationFrequency *metav1.Duration `json:"validationFrequency,omitempty" nullable:"true"`
}

// ObjectStorageLocation is a bucket, or a prefix of one.
type ObjectStorageLocation struct {
	// Name of the bucket, without any path.
	Bucket string `json:"bucket"`

	// Path inside the bucket under which backups are kept. Absent: the bucket's root.
	// +optional
	Prefix string `json:"prefix,omitempty"`

	// Certificates, PEM-encoded, of the authority that signed the certificate of the storage's endpoint.
	//
	// Deprecated: name a Secret in caCertRef instead. Not to be set together with it.
	// +optional
	CACert []byte `json:"caCert,omitempty"`

	// Key of a Secret, in the location's namespace, that holds such certificates. Not to be set together with caCert.
	// +optional
	CACertRef *corev1.SecretKeySelector `json:"caCertRef,omitempty"`
}

// BackupStorageLocationAccessMode says what may be done in a location.
// +enum
type BackupStorageLocationAccessMode string

const (
	// AccessModeReadOnly lets backups be read, not written or deleted.
	AccessModeReadOnly BackupStorageLocationAccessMode = "ReadOnly"
	// AccessModeReadWrite lets backups be read, written and deleted.
	AccessModeReadWrite BackupStorageLocationAccessMode = "ReadWrite"
)

// BackupStorageLocationPhase says whether a location could be used when it was last checked.
// +enum
type BackupStorageLocationPhase string

const (
	// BackupStorageLocationAvailable means that the last check succeeded.
	BackupStorageLocationAvailable BackupStorageLocationPhase = "Available"
	// BackupStorageLocationUnavailable means that the last check failed; the status message says why.
	BackupStorageLocationUnavailable BackupStorageLocationPhase = "Unavailable"
)

// BackupStorageLocationStatus is what was last seen of a location.
type BackupStorageLocationStatus struct {
	// Whether the location could be used when it was last checked. Absent: not checked yet.
	// +optional
	Phase BackupStorageLocationPhase `json:"phase,omitempty"`

	// When the backups in the bucket were last brought into the cluster.
	// +optional
	LastSyncedTime *metav1.Time `json:"lastSyncedTime,omitempty" nullable:"true"`

	// When the location was last checked.
	// +optional
	LastValidationTime *metav1.Time `json:"lastValidationTime,omitempty" nullable:"true"`

	// Why the location is unavailable, and what to do about it.
	// +optional
	Message string `json:"message,omitempty"`

	// Revision of the bucket's content at the last sync.
	//
	// Deprecated: nothing writes it.
	// +optional
	LastSyncedRevision types.UID `json:"lastSyncedRevision,omitempty"`

	// Access mode that was in force.
	//
	// Deprecated: nothing writes it; see spec.accessMode.
	// +optional
	AccessMode BackupStorageLocationAccessMode `json:"accessMode,omitempty"`
}
