package velero

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupStorageLocation names a place in object storage where backups are kept: a bucket, or a
// prefix of one, with the provider that serves it and the credentials to reach it.
type BackupStorageLocation struct {
	metav1.TypeMeta
	// Standard object metadata. The name is what backups refer to.
	metav1.ObjectMeta

	// Where the location is and how to reach it.
	Spec BackupStorageLocationSpec
	// What was last seen of the location. Written by controllers, on the object itself:
	// this kind has no status subresource.
	Status BackupStorageLocationStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupStorageLocationList is a list of backup storage locations.
type BackupStorageLocationList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The locations.
	Items []BackupStorageLocation
}

// BackupStorageLocationSpec says where a location is and how to reach it.
type BackupStorageLocationSpec struct {
	// Provider of the object storage, such as aws, azure or gcp. A name without a slash means
	// a provider of velero.io: aws and velero.io/aws are the same provider.
	Provider string

	// Settings of the provider. For aws these are, among others, region, s3Url and
	// s3ForcePathStyle.
	Config map[string]string

	// Key of a Secret, in the location's namespace, that holds the provider's credentials file.
	// Absent: the key cloud of the Secret cloud-credentials.
	Credential *corev1.SecretKeySelector

	// The bucket, and the prefix inside it, where backups are kept.
	ObjectStorage *ObjectStorageLocation

	// Whether backups that name no location go here. At most one location of a namespace is the
	// default: setting this on one takes it from the other.
	Default bool

	// Whether backups may be written and deleted here (ReadWrite), or only read (ReadOnly).
	// Absent: ReadWrite.
	AccessMode BackupStorageLocationAccessMode

	// How often the backups found in the bucket are brought into the cluster, as a duration such
	// as 1m or 2h30m; 0s: never. Absent: the period that the controller is set to.
	BackupSyncPeriod *metav1.Duration

	// How often the location is checked, as a duration such as 1m or 2h30m; 0s: once, and again
	// only when it changes. Absent: every minute, or as the controller is set to.
	ValidationFrequency *metav1.Duration
}

// ObjectStorageLocation is a bucket, or a prefix of one.
type ObjectStorageLocation struct {
	// Name of the bucket, without any path.
	Bucket string

	// Path inside the bucket under which backups are kept. Absent: the bucket's root.
	Prefix string

	// Certificates, PEM-encoded, of the authority that signed the certificate of the storage's endpoint.
	//
	// Deprecated: name a Secret in caCertRef instead. Not to be set together with it.
	CACert []byte

	// Key of a Secret, in the location's namespace, that holds such certificates. Not to be set together with caCert.
	CACertRef *corev1.SecretKeySelector
}

// BackupStorageLocationAccessMode says what may be done in a location.
type BackupStorageLocationAccessMode string

const (
	// AccessModeReadOnly lets backups be read, not written or deleted.
	AccessModeReadOnly BackupStorageLocationAccessMode = "ReadOnly"
	// AccessModeReadWrite lets backups be read, written and deleted.
	AccessModeReadWrite BackupStorageLocationAccessMode = "ReadWrite"
)

// BackupStorageLocationPhase says whether a location could be used when it was last checked.
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
	Phase BackupStorageLocationPhase

	// When the backups in the bucket were last brought into the cluster.
	LastSyncedTime *metav1.Time

	// When the location was last checked.
	LastValidationTime *metav1.Time

	// Why the location is unavailable, and what to do about it.
	Message string

	// Revision of the bucket's content at the last sync.
	//
	// Deprecated: nothing writes it.
	LastSyncedRevision types.UID

	// Access mode that was in force.
	//
	// Deprecated: nothing writes it; see spec.accessMode.
	AccessMode BackupStorageLocationAccessMode
}
