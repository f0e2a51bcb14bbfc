package velero

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Backup is a copy of objects of the cluster, and snapshots of their volumes, as they were at one time.
type Backup struct {
	metav1.TypeMeta
	// Standard object metadata. The name is that of the backup's folder in the bucket.
	metav1.ObjectMeta

	// What to back up, and where to.
	Spec BackupSpec
	// How far the backup has come. Written by controllers, on the object itself: this kind has
	// no status subresource.
	Status BackupStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// BackupList is a list of backups.
type BackupList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The backups.
	Items []Backup
}

// BackupSpec says what to back up, and where to.
type BackupSpec struct {
	// Labels for the backups that are made from this spec, when it is the template of a schedule.
	Metadata Metadata

	// Namespaces to back up, by name or as patterns such as team-*. Absent, or *: all.
	IncludedNamespaces []string

	// Namespaces to leave out, by name or as patterns.
	ExcludedNamespaces []string

	// Resources to back up, such as deployments.apps. Absent, or *: all. Not together with the
	// lists for cluster-scoped and for namespaced resources.
	IncludedResources []string

	// Resources to leave out. Not together with the lists for cluster-scoped and for namespaced resources.
	ExcludedResources []string

	// Cluster-scoped resources to back up; * for all. Absent: those that belong to what is backed up.
	IncludedClusterScopedResources []string

	// Cluster-scoped resources to leave out; * for all.
	ExcludedClusterScopedResources []string

	// Namespaced resources to back up. Absent, or *: all.
	IncludedNamespaceScopedResources []string

	// Namespaced resources to leave out; * for all.
	ExcludedNamespaceScopedResources []string

	// Labels that objects must have to be backed up. Absent: any. Not together with orLabelSelectors.
	LabelSelector *metav1.LabelSelector

	// Selectors of which objects must match one to be backed up. Not together with labelSelector.
	OrLabelSelectors []*metav1.LabelSelector

	// Whether snapshots of the volumes are taken. Absent: where there is a location for them.
	SnapshotVolumes *bool

	// How long the backup is kept, as a duration such as 720h. Absent or 0s: 30 days, or as the
	// controller is set to.
	TTL metav1.Duration

	// Key of the label whose value groups claims, so that the volumes of a group are snapshotted at one time.
	VolumeGroupSnapshotLabelKey string

	// Whether cluster-scoped resources are backed up. Absent: those that belong to what is
	// backed up, and all of them when all namespaces are.
	IncludeClusterResources *bool

	// Commands to run in pods before and after they are backed up.
	Hooks BackupHooks

	// Name of the backup storage location, in the backup's namespace, that the backup goes to.
	// Absent: the default one.
	StorageLocation string

	// Names of the volume snapshot locations, at most one for each provider, that snapshots are
	// taken in. For a provider that none is named of: its only one, or its default.
	VolumeSnapshotLocations []string

	// Former name of defaultVolumesToFsBackup.
	//
	// Deprecated: use defaultVolumesToFsBackup.
	DefaultVolumesToRestic *bool

	// Whether the files of all pods' volumes are copied, rather than snapshots taken, unless a
	// pod says otherwise.
	DefaultVolumesToFsBackup *bool

	// Objects to back up first and in this order: for a resource, such as pods, their names
	// separated by commas, with namespace and slash before the names of namespaced ones.
	OrderedResources map[string]string

	// How long to wait for a CSI snapshot to become ready. Absent or 0s: 10 minutes.
	CSISnapshotTimeout metav1.Duration

	// How long to wait for what plugins do in the background. Absent or 0s: 4 hours.
	ItemOperationTimeout metav1.Duration

	// ConfigMap, in the backup's namespace, with policies for volumes and resources.
	ResourcePolicy *corev1.TypedLocalObjectReference

	// Whether the data of CSI snapshots is moved to the backup storage location.
	SnapshotMoveData *bool

	// What moves the data of snapshots. Absent, or velero: the one that is built in.
	Datamover string

	// Settings of what copies files and data.
	UploaderConfig *UploaderConfigForBackup
}

// Metadata is what the backups of a schedule get of it.
type Metadata struct {
	// Labels of the backups.
	Labels map[string]string
}

// UploaderConfigForBackup are settings of what copies files and data to a backup.
type UploaderConfigForBackup struct {
	// How many files are copied at a time. Absent: as many as the node has processors.
	ParallelFilesUpload int
}

// BackupHooks are commands to run in pods before and after they are backed up.
type BackupHooks struct {
	// Hooks, each with the pods it is for.
	Resources []BackupResourceHookSpec
}

// BackupResourceHookSpec is a hook with the pods it is for.
type BackupResourceHookSpec struct {
	// Name of the hook, for logs.
	Name string

	// Namespaces that the hook is for. Absent: all.
	IncludedNamespaces []string

	// Namespaces that the hook is not for.
	ExcludedNamespaces []string

	// Resources that the hook is for. Absent: all.
	IncludedResources []string

	// Resources that the hook is not for.
	ExcludedResources []string

	// Labels that objects must have for the hook to be for them. Absent: any.
	LabelSelector *metav1.LabelSelector

	// What to run before an object is backed up.
	Pre []BackupResourceHook

	// What to run after an object, and what belongs to it, is backed up.
	Post []BackupResourceHook
}

// BackupResourceHook is one thing to run.
type BackupResourceHook struct {
	// Command to run in a container of the pod.
	Exec *ExecHook
}

// ExecHook is a command to run in a container of a pod.
type ExecHook struct {
	// Name of the container. Absent: the pod's first.
	Container string

	// The command, then its arguments. No shell looks at them.
	Command []string

	// What becomes of the rest when the command fails. Absent: Fail.
	OnError HookErrorMode

	// How long the command may take. Absent or 0s: 30 seconds.
	Timeout metav1.Duration
}

// HookErrorMode says what becomes of the rest when a hook fails.
type HookErrorMode string

const (
	// HookErrorModeContinue runs the hooks that follow all the same. The backup or restore ends PartiallyFailed.
	HookErrorModeContinue HookErrorMode = "Continue"
	// HookErrorModeFail runs none of the hooks that follow. The backup or restore ends PartiallyFailed.
	HookErrorModeFail HookErrorMode = "Fail"
)

// BackupPhase says how far a backup has come.
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
	Version int

	// Version of the backup's format, such as 1.1.0.
	FormatVersion string

	// When the backup may be deleted.
	Expiration *metav1.Time

	// How far the backup has come. Absent: no controller has looked at it yet.
	Phase BackupPhase

	// Place in the queue, from 1 on, of a backup that is Queued.
	QueuePosition int

	// Why the backup cannot be done as asked for.
	ValidationErrors []string

	// When the backup began.
	StartTimestamp *metav1.Time

	// When the backup ended, well or not.
	CompletionTimestamp *metav1.Time

	// How many snapshots of volumes were tried.
	VolumeSnapshotsAttempted int

	// How many snapshots of volumes were taken.
	VolumeSnapshotsCompleted int

	// Why the backup as a whole failed.
	FailureReason string

	// How many warnings there were. They are in the backup's log.
	Warnings int

	// How many errors there were. They are in the backup's log.
	Errors int

	// How many objects have been backed up so far. It may lag behind.
	Progress *BackupProgress

	// How many CSI snapshots were tried.
	CSIVolumeSnapshotsAttempted int

	// How many CSI snapshots were taken.
	CSIVolumeSnapshotsCompleted int

	// How many things plugins have begun in the background.
	BackupItemOperationsAttempted int

	// How many of them ended well.
	BackupItemOperationsCompleted int

	// How many of them failed.
	BackupItemOperationsFailed int

	// How the hooks went.
	HookStatus *HookStatus
}

// BackupProgress is how many objects have been backed up so far.
type BackupProgress struct {
	// How many objects there are. It may grow, because objects bring others with them.
	TotalItems int

	// How many of them are in the backup by now.
	ItemsBackedUp int
}

// HookStatus is how hooks went.
type HookStatus struct {
	// How many were tried.
	HooksAttempted int

	// How many of them failed.
	HooksFailed int
}
