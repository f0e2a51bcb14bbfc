package velero

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Restore brings objects of a backup, and the data of their volumes, back into the cluster.
type Restore struct {
	metav1.TypeMeta
	// Standard object metadata.
	metav1.ObjectMeta

	// What to restore, and how.
	Spec RestoreSpec
	// How far the restore has come. Written by controllers, on the object itself: this kind has
	// no status subresource.
	Status RestoreStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// RestoreList is a list of restores.
type RestoreList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The restores.
	Items []Restore
}

// RestoreSpec says what to restore, and how.
type RestoreSpec struct {
	// Name of the backup to restore from. Either this or scheduleName is given.
	BackupName string

	// Name of the schedule from whose last successful backup to restore.
	ScheduleName string

	// Namespaces to restore, by name or as patterns such as team-*. Absent, or *: all.
	IncludedNamespaces []string

	// Namespaces to leave out, by name or as patterns.
	ExcludedNamespaces []string

	// Resources to restore, such as deployments.apps. Absent, or *: all.
	IncludedResources []string

	// Resources to leave out.
	ExcludedResources []string

	// Namespaces that are restored under another name: the one in the backup, and the new one.
	NamespaceMapping map[string]string

	// Labels that objects must have to be restored. Absent: any. Not together with orLabelSelectors.
	LabelSelector *metav1.LabelSelector

	// Selectors of which objects must match one to be restored. Not together with labelSelector.
	OrLabelSelectors []*metav1.LabelSelector

	// Whether persistent volumes are restored from their snapshots. Absent: yes.
	RestorePVs *bool

	// Resources of which the status is restored too. Absent: none.
	RestoreStatus *RestoreStatusSpec

	// Whether services keep the node ports that they had. Absent: no.
	PreserveNodePorts *bool

	// Whether cluster-scoped resources are restored. Absent: those that belong to what is
	// restored, and all of them when all namespaces are.
	IncludeClusterResources *bool

	// Commands to run in pods when they are restored.
	Hooks RestoreHooks

	// What becomes of objects that are there already: none leaves them alone, update changes
	// them to what the backup has. Absent: none.
	ExistingResourcePolicy PolicyType

	// How long to wait for what plugins do in the background. Absent or 0s: 4 hours.
	ItemOperationTimeout metav1.Duration

	// ConfigMap, in the restore's namespace, with patches for objects that are restored.
	ResourceModifier *corev1.TypedLocalObjectReference

	// ConfigMap, in the restore's namespace, with filters for namespaces and resources.
	ResourcePolicy *corev1.TypedLocalObjectReference

	// Settings of what copies files and data.
	UploaderConfig *UploaderConfigForRestore
}

// UploaderConfigForRestore are settings of what copies files and data from a backup.
type UploaderConfigForRestore struct {
	// Whether files are written without the blocks that hold only zeros.
	WriteSparseFiles *bool

	// How many files are copied at a time. Absent: as many as the node has processors.
	ParallelFilesDownload int
}

// RestoreStatusSpec says of which resources the status is restored.
type RestoreStatusSpec struct {
	// Resources of which the status is restored. Absent: all.
	IncludedResources []string

	// Resources of which it is not.
	ExcludedResources []string
}

// RestoreHooks are commands to run in pods when they are restored.
type RestoreHooks struct {
	// Hooks, each with the pods it is for.
	Resources []RestoreResourceHookSpec
}

// RestoreResourceHookSpec is a hook with the pods it is for.
type RestoreResourceHookSpec struct {
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

	// What to run when a pod is restored.
	PostHooks []RestoreResourceHook
}

// RestoreResourceHook is one thing to run: a command, or init containers.
type RestoreResourceHook struct {
	// Command to run in a container of the pod.
	Exec *ExecRestoreHook

	// Containers to run before those of the pod.
	Init *InitRestoreHook
}

// ExecRestoreHook is a command to run in a container of a restored pod.
type ExecRestoreHook struct {
	// Name of the container. Absent: the pod's first.
	Container string

	// The command, then its arguments. No shell looks at them.
	Command []string

	// What becomes of the rest when the command fails. Absent: Continue.
	OnError HookErrorMode

	// How long the command may take. Absent or 0s: 30 seconds.
	ExecTimeout metav1.Duration

	// How long to wait for the container before the command is run. Absent or 0s: without end.
	WaitTimeout metav1.Duration

	// Whether to wait until the container is ready, not only until it runs. Absent: no.
	WaitForReady *bool
}

// InitRestoreHook are init containers that a restored pod gets.
type InitRestoreHook struct {
	// The containers, each as in the spec of a pod.
	InitContainers []runtime.RawExtension

	// How long they may take.
	Timeout metav1.Duration
}

// PolicyType says what becomes of objects that are there already.
type PolicyType string

const (
	// PolicyTypeNone leaves them alone.
	PolicyTypeNone PolicyType = "none"
	// PolicyTypeUpdate changes them to what the backup has.
	PolicyTypeUpdate PolicyType = "update"
)

// RestorePhase says how far a restore has come.
type RestorePhase string

const (
	// RestorePhaseNew means that no controller has looked at the restore yet. So does no phase.
	RestorePhaseNew RestorePhase = "New"
	// RestorePhaseFailedValidation means that the restore cannot be done as asked for; status.validationErrors says why.
	RestorePhaseFailedValidation RestorePhase = "FailedValidation"
	// RestorePhaseInProgress means that objects are restored now.
	RestorePhaseInProgress RestorePhase = "InProgress"
	// RestorePhaseWaitingForPluginOperations means that all went well so far, and plugins still
	// do something in the background.
	RestorePhaseWaitingForPluginOperations RestorePhase = "WaitingForPluginOperations"
	// RestorePhaseWaitingForPluginOperationsPartiallyFailed means that something has failed, and
	// plugins still do something in the background.
	RestorePhaseWaitingForPluginOperationsPartiallyFailed RestorePhase = "WaitingForPluginOperationsPartiallyFailed"
	// RestorePhaseFinalizing means that all went well so far, and the last things are done.
	RestorePhaseFinalizing RestorePhase = "Finalizing"
	// RestorePhaseFinalizingPartiallyFailed means that something has failed, and the last things are done.
	RestorePhaseFinalizingPartiallyFailed RestorePhase = "FinalizingPartiallyFailed"
	// RestorePhaseCompleted means that everything was restored.
	RestorePhaseCompleted RestorePhase = "Completed"
	// RestorePhasePartiallyFailed means that not all that should be restored was.
	RestorePhasePartiallyFailed RestorePhase = "PartiallyFailed"
	// RestorePhaseFailed means that nothing was restored; status.failureReason says why.
	RestorePhaseFailed RestorePhase = "Failed"
)

// RestoreStatus says how far a restore has come.
type RestoreStatus struct {
	// How far the restore has come. Absent: no controller has looked at it yet.
	Phase RestorePhase

	// Why the restore cannot be done as asked for.
	ValidationErrors []string

	// How many warnings there were. They are in the restore's results.
	Warnings int

	// How many errors there were. They are in the restore's results.
	Errors int

	// Why the restore as a whole failed.
	FailureReason string

	// When the restore began.
	StartTimestamp *metav1.Time

	// When the restore ended, well or not.
	CompletionTimestamp *metav1.Time

	// How many objects have been restored so far. It may lag behind.
	Progress *RestoreProgress

	// How many things plugins have begun in the background.
	RestoreItemOperationsAttempted int

	// How many of them ended well.
	RestoreItemOperationsCompleted int

	// How many of them failed.
	RestoreItemOperationsFailed int

	// How the hooks went.
	HookStatus *HookStatus
}

// RestoreProgress is how many objects have been restored so far.
type RestoreProgress struct {
	// How many objects there are. It may grow, because objects bring others with them.
	TotalItems int

	// How many of them have been restored by now.
	ItemsRestored int
}
