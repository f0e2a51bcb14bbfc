package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Backup is a copy of objects of the cluster, and snapshots of their volumes, as they were at one time.
type Backup struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata. The name is that of the backup's folder in the bucket.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What to back up, and where to.
	// +optional
	Spec BackupSpec `json:"spec,omitzero"`
	// How far the backup has come. Written by controllers, on the object itself: this kind has
	// no status subresource.
	// +optional
	Status BackupStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o Backup) MarshalJSON() ([]byte, error) {
	type fields Backup
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *Backup) UnmarshalJSON(data []byte) (err error) {
	type fields Backup
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupList is a list of backups.
type BackupList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The backups.
	Items []Backup `json:"items"`
}

// BackupSpec says what to back up, and where to.
type BackupSpec struct {
	// Labels for the backups that are made from this spec, when it is the template of a schedule.
	// +optional
	Metadata Metadata `json:"metadata,omitzero"`

	// Namespaces to back up, by name or as patterns such as team-*. Absent, or *: all.
	// +optional
	// +listType=atomic
	IncludedNamespaces []string `json:"includedNamespaces,omitempty" nullable:"true"`

	// Namespaces to leave out, by name or as patterns.
	// +optional
	// +listType=atomic
	ExcludedNamespaces []string `json:"excludedNamespaces,omitempty" nullable:"true"`

	// Resources to back up, such as deployments.apps. Absent, or *: all. Not together with the
	// lists for cluster-scoped and for namespaced resources.
	// +optional
	// +listType=atomic
	IncludedResources []string `json:"includedResources,omitempty" nullable:"true"`

	// Resources to leave out. Not together with the lists for cluster-scoped and for namespaced resources.
	// +optional
	// +listType=atomic
	ExcludedResources []string `json:"excludedResources,omitempty" nullable:"true"`

	// Cluster-scoped resources to back up; * for all. Absent: those that belong to what is backed up.
	// +optional
	// +listType=atomic
	IncludedClusterScopedResources []string `json:"includedClusterScopedResources,omitempty" nullable:"true"`

	// Cluster-scoped resources to leave out; * for all.
	// +optional
	// +listType=atomic
	ExcludedClusterScopedResources []string `json:"excludedClusterScopedResources,omitempty" nullable:"true"`

	// Namespaced resources to back up. Absent, or *: all.
	// +optional
	// +listType=atomic
	IncludedNamespaceScopedResources []string `json:"includedNamespaceScopedResources,omitempty" nullable:"true"`

	// Namespaced resources to leave out; * for all.
	// +optional
	// +listType=atomic
	ExcludedNamespaceScopedResources []string `json:"excludedNamespaceScopedResources,omitempty" nullable:"true"`

	// Labels that objects must have to be backed up. Absent: any. Not together with orLabelSelectors.
	// +optional
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty" nullable:"true"`

	// Selectors of which objects must match one to be backed up. Not together with labelSelector.
	// +optional
	// +listType=atomic
	OrLabelSelectors []*metav1.LabelSelector `json:"orLabelSelectors,omitempty" nullable:"true"`

	// Whether snapshots of the volumes are taken. Absent: where there is a location for them.
	// +optional
	SnapshotVolumes *bool `json:"snapshotVolumes,omitempty" nullable:"true"`

	// How long the backup is kept, as a duration such as 720h. Absent or 0s: 30 days, or as the
	// controller is set to.
	// +optional
	TTL metav1.Duration `json:"ttl,omitzero"`

	// Key of the label whose value groups claims, so that the volumes of a group are snapshotted at one time.
	// +optional
	VolumeGroupSnapshotLabelKey string `json:"volumeGroupSnapshotLabelKey,omitempty"`

	// Whether cluster-scoped resources are backed up. Absent: those that belong to what is
	// backed up, and all of them when all namespaces are.
	// +optional
	IncludeClusterResources *bool `json:"includeClusterResources,omitempty" nullable:"true"`

	// Commands to run in pods before and after they are backed up.
	// +optional
	Hooks BackupHooks `json:"hooks,omitzero"`

	// Name of the backup storage location, in the backup's namespace, that the backup goes to.
	// Absent: the default one.
	// +optional
	StorageLocation string `json:"storageLocation,omitempty"`

	// Names of the volume snapshot locations, at most one for each provider, that snapshots are
	// taken in. For a provider that none is named of: its only one, or its default.
	// +optional
	// +listType=atomic
	VolumeSnapshotLocations []string `json:"volumeSnapshotLocations,omitempty"`

	// Former name of defaultVolumesToFsBackup.
	//
	// Deprecated: use defaultVolumesToFsBackup.
	// +optional
	DefaultVolumesToRestic *bool `json:"defaultVolumesToRestic,omitempty" nullable:"true"`

	// Whether the files of all pods' volumes are copied, rather than snapshots taken, unless a
	// pod says otherwise.
	// +optional
	DefaultVolumesToFsBackup *bool `json:"defaultVolumesToFsBackup,omitempty" nullable:"true"`

	// Objects to back up first and in this order: for a resource, such as pods, their names
	// separated by commas, with namespace and slash before the names of namespaced ones.
	// +optional
	OrderedResources map[string]string `json:"orderedResources,omitempty" nullable:"true"`

	// How long to wait for a CSI snapshot to become ready. Absent or 0s: 10 minutes.
	// +optional
	CSISnapshotTimeout metav1.Duration `json:"csiSnapshotTimeout,omitzero"`

	// How long to wait for what plugins do in the background. Absent or 0s: 4 hours.
	// +optional
	ItemOperationTimeout metav1.Duration `json:"itemOperationTimeout,omitzero"`

	// ConfigMap, in the backup's namespace, with policies for volumes and resources.
	// +optional
	ResourcePolicy *corev1.TypedLocalObjectReference `json:"resourcePolicy,omitempty"`

	// Whether the data of CSI snapshots is moved to the backup storage location.
	// +optional
	SnapshotMoveData *bool `json:"snapshotMoveData,omitempty" nullable:"true"`

	// What moves the data of snapshots. Absent, or velero: the one that is built in.
	// +optional
	Datamover string `json:"datamover,omitempty"`

	// Settings of what copies files and data.
	// +optional
	UploaderConfig *UploaderConfigForBackup `json:"uploaderConfig,omitempty" nullable:"true"`
}

// Metadata is what the backups of a schedule get of it.
type Metadata struct {
	// Labels of the backups.
	// +optional
	Labels map[string]string `json:"labels,omitempty"`
}

// UploaderConfigForBackup are settings of what copies files and data to a backup.
type UploaderConfigForBackup struct {
	// How many files are copied at a time. Absent: as many as the node has processors.
	// +optional
	ParallelFilesUpload int `json:"parallelFilesUpload,omitempty"`
}

// BackupHooks are commands to run in pods before and after they are backed up.
type BackupHooks struct {
	// Hooks, each with the pods it is for.
	// +optional
	// +listType=atomic
	Resources []BackupResourceHookSpec `json:"resources,omitempty" nullable:"true"`
}

// BackupResourceHookSpec is a hook with the pods it is for.
type BackupResourceHookSpec struct {
	// Name of the hook, for logs.
	Name string `json:"name"`

	// Namespaces that the hook is for. Absent: all.
	// +optional
	// +listType=atomic
	IncludedNamespaces []string `json:"includedNamespaces,omitempty" nullable:"true"`

	// Namespaces that the hook is not for.
	// +optional
	// +listType=atomic
	ExcludedNamespaces []string `json:"excludedNamespaces,omitempty" nullable:"true"`

	// Resources that the hook is for. Absent: all.
	// +optional
	// +listType=atomic
	IncludedResources []string `json:"includedResources,omitempty" nullable:"true"`

	// Resources that the hook is not for.
	// +optional
	// +listType=atomic
	ExcludedResources []string `json:"excludedResources,omitempty" nullable:"true"`

	// Labels that objects must have for the hook to be for them. Absent: any.
	// +optional
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty" nullable:"true"`

	// What to run before an object is backed up.
	// +optional
	// +listType=atomic
	Pre []BackupResourceHook `json:"pre,omitempty"`

	// What to run after an object, and what belongs to it, is backed up.
	// +optional
	// +listType=atomic
	Post []BackupResourceHook `json:"post,omitempty"`
}

// BackupResourceHook is one thing to run.
type BackupResourceHook struct {
	// Command to run in a container of the pod.
	Exec *ExecHook `json:"exec"`
}

// ExecHook is a command to run in a container of a pod.
type ExecHook struct {
	// Name of the container. Absent: the pod's first.
	// +optional
	Container string `json:"container,omitempty"`

	// The command, then its arguments. No shell looks at them.
	// +listType=atomic
	Command []string `json:"command"`

	// What becomes of the rest when the command fails. Absent: Fail.
	// +optional
	OnError HookErrorMode `json:"onError,omitempty"`

	// How long the command may take. Absent or 0s: 30 seconds.
	// +optional
	Timeout metav1.Duration `json:"timeout,omitzero"`
}

// HookErrorMode says what becomes of the rest when a hook fails.
// +enum
type HookErrorMode string

const (
	// HookErrorModeContinue runs the hooks that follow all the same. The backup or restore ends PartiallyFailed.
	HookErrorModeContinue HookErrorMode = "Continue"
	// HookErrorModeFail runs none of the hooks that follow. The backup or restore ends PartiallyFailed.
	HookErrorModeFail HookErrorMode = "Fail"
)

// BackupPhase says how far a backup has come.
// +enum
type BackupPhase string

const (
	// BackupPhaseNew means that no controller has looked at the backup yet. So does no phase.
	BackupPhaseNew BackupPhase = "New"
	// BackupPhaseQueued means that the backup waits for others to end.
	BackupPhaseQueued BackupPhase = "Queued"
	// BackupPhaseReadyToStart means that the backup is the next to begin.
	BackupPhaseReadyToStart BackupPhase = "ReadyToStart"
	// BackupPhaseFailedValidation means that the backup cannot be done as asked for; status.validationErrors says why.
	BackupPhaseFailedValidation BackupPhase = "FailedValidation"
	// BackupPhaseInProgress means that objects are backed up now.
	BackupPhaseInProgress BackupPhase = "InProgress"
	// BackupPhaseWaitingForPluginOperations means that all went well so far, and plugins still
	// do something in the background.
	BackupPhaseWaitingForPluginOperations BackupPhase = "WaitingForPluginOperations"
	// BackupPhaseWaitingForPluginOperationsPartiallyFailed means that something has failed, and
	// plugins still do something in the background.
	BackupPhaseWaitingForPluginOperationsPartiallyFailed BackupPhase = "WaitingForPluginOperationsPartiallyFailed"
	// BackupPhaseFinalizing means that all went well so far, and what plugins have changed is
	// backed up again.
	BackupPhaseFinalizing BackupPhase = "Finalizing"
	// BackupPhaseFinalizingPartiallyFailed means that something has failed, and what plugins
	// have changed is backed up again.
	BackupPhaseFinalizingPartiallyFailed BackupPhase = "FinalizingPartiallyFailed"
	// BackupPhaseCompleted means that everything was backed up.
	BackupPhaseCompleted BackupPhase = "Completed"
	// BackupPhasePartiallyFailed means that the backup is there, but not all that should be in it.
	BackupPhasePartiallyFailed BackupPhase = "PartiallyFailed"
	// BackupPhaseFailed means that there is no backup; status.failureReason says why.
	BackupPhaseFailed BackupPhase = "Failed"
	// BackupPhaseDeleting means that the backup, and all that belongs to it, is being deleted.
	BackupPhaseDeleting BackupPhase = "Deleting"
)

// BackupStatus says how far a backup has come.
type BackupStatus struct {
	// Major version of the backup's format.
	//
	// Deprecated: see formatVersion.
	// +optional
	Version int `json:"version,omitempty"`

	// Version of the backup's format, such as 1.1.0.
	// +optional
	FormatVersion string `json:"formatVersion,omitempty"`

	// When the backup may be deleted.
	// +optional
	Expiration *metav1.Time `json:"expiration,omitempty" nullable:"true"`

	// How far the backup has come. Absent: no controller has looked at it yet.
	// +optional
	Phase BackupPhase `json:"phase,omitempty"`

	// Place in the queue, from 1 on, of a backup that is Queued.
	// +optional
	QueuePosition int `json:"queuePosition,omitempty"`

	// Why the backup cannot be done as asked for.
	// +optional
	// +listType=atomic
	ValidationErrors []string `json:"validationErrors,omitempty" nullable:"true"`

	// When the backup began.
	// +optional
	StartTimestamp *metav1.Time `json:"startTimestamp,omitempty" nullable:"true"`

	// When the backup ended, well or not.
	// +optional
	CompletionTimestamp *metav1.Time `json:"completionTimestamp,omitempty" nullable:"true"`

	// How many snapshots of volumes were tried.
	// +optional
	VolumeSnapshotsAttempted int `json:"volumeSnapshotsAttempted,omitempty"`

	// How many snapshots of volumes were taken.
	// +optional
	VolumeSnapshotsCompleted int `json:"volumeSnapshotsCompleted,omitempty"`

	// Why the backup as a whole failed.
	// +optional
	FailureReason string `json:"failureReason,omitempty"`

	// How many warnings there were. They are in the backup's log.
	// +optional
	Warnings int `json:"warnings,omitempty"`

	// How many errors there were. They are in the backup's log.
	// +optional
	Errors int `json:"errors,omitempty"`

	// How many objects have been backed up so far. It may lag behind.
	// +optional
	Progress *BackupProgress `json:"progress,omitempty" nullable:"true"`

	// How many CSI snapshots were tried.
	// +optional
	CSIVolumeSnapshotsAttempted int `json:"csiVolumeSnapshotsAttempted,omitempty"`

	// How many CSI snapshots were taken.
	// +optional
	CSIVolumeSnapshotsCompleted int `json:"csiVolumeSnapshotsCompleted,omitempty"`

	// How many things plugins have begun in the background.
	// +optional
	BackupItemOperationsAttempted int `json:"backupItemOperationsAttempted,omitempty"`

	// How many of them ended well.
	// +optional
	BackupItemOperationsCompleted int `json:"backupItemOperationsCompleted,omitempty"`

	// How many of them failed.
	// +optional
	BackupItemOperationsFailed int `json:"backupItemOperationsFailed,omitempty"`

	// How the hooks went.
	// +optional
	HookStatus *HookStatus `json:"hookStatus,omitempty" nullable:"true"`
}

// BackupProgress is how many objects have been backed up so far.
type BackupProgress struct {
	// How many objects there are. It may grow, because objects bring others with them.
	// +optional
	TotalItems int `json:"totalItems,omitempty"`

	// How many of them are in the backup by now.
	// +optional
	ItemsBackedUp int `json:"itemsBackedUp,omitempty"`
}

// HookStatus is how hooks went.
type HookStatus struct {
	// How many were tried.
	// +optional
	HooksAttempted int `json:"hooksAttempted,omitempty"`

	// How many of them failed.
	// +optional
	HooksFailed int `json:"hooksFailed,omitempty"`
}
