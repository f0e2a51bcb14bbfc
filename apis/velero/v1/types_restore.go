package v1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/velero-locations/velero-locations/apis/velero/written"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// Restore brings objects of a backup, and the data of their volumes, back into the cluster.
type Restore struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What to restore, and how.
	// +optional
	Spec RestoreSpec `json:"spec,omitzero"`
	// How far the restore has come. Written by controllers, on the object itself: this kind has
	// no status subresource.
	// +optional
	Status RestoreStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o Restore) MarshalJSON() ([]byte, error) {
	type fields Restore
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *Restore) UnmarshalJSON(data []byte) (err error) {
	type fields Restore
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// RestoreList is a list of restores.
type RestoreList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The restores.
	Items []Restore `json:"items"`
}

// RestoreSpec says what to restore, and how.
type RestoreSpec struct {
	// Name of the backup to restore from. Either this or scheduleName is given.
	// +optional
	BackupName string `json:"backupName,omitempty"`

	// Name of the schedule from whose last successful backup to restore.
	// +optional
	ScheduleName string `json:"scheduleName,omitempty"`

	// Namespaces to restore, by name or as patterns such as team-*. Absent, or *: all.
	// +optional
	// +listType=atomic
	IncludedNamespaces []string `json:"includedNamespaces,omitempty" nullable:"true"`

	// Namespaces to leave out, by name or as patterns.
	// +optional
	// +listType=atomic
	ExcludedNamespaces []string `json:"excludedNamespaces,omitempty" nullable:"true"`

	// Resources to restore, such as deployments.apps. Absent, or *: all.
	// +optional
	// +listType=atomic
	IncludedResources []string `json:"includedResources,omitempty" nullable:"true"`

	// Resources to leave out.
	// +optional
	// +listType=atomic
	ExcludedResources []string `json:"excludedResources,omitempty" nullable:"true"`

	// Namespaces that are restored under another name: the one in the backup, and the new one.
	// +optional
	NamespaceMapping map[string]string `json:"namespaceMapping,omitempty"`

	// Labels that objects must have to be restored. Absent: any. Not together with orLabelSelectors.
	// +optional
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty" nullable:"true"`

	// Selectors of which objects must match one to be restored. Not together with labelSelector.
	// +optional
	// +listType=atomic
	OrLabelSelectors []*metav1.LabelSelector `json:"orLabelSelectors,omitempty" nullable:"true"`

	// Whether persistent volumes are restored from their snapshots. Absent: yes.
	// +optional
	RestorePVs *bool `json:"restorePVs,omitempty" nullable:"true"`

	// Resources of which the status is restored too. Absent: none.
	// +optional
	RestoreStatus *RestoreStatusSpec `json:"restoreStatus,omitempty" nullable:"true"`

	// Whether services keep the node ports that they had. Absent: no.
	// +optional
	PreserveNodePorts *bool `json:"preserveNodePorts,omitempty" nullable:"true"`

	// Whether cluster-scoped resources are restored. Absent: those that belong to what is
	// restored, and all of them when all namespaces are.
	// +optional
	IncludeClusterResources *bool `json:"includeClusterResources,omitempty" nullable:"true"`

	// Commands to run in pods when they are restored.
	// +optional
	Hooks RestoreHooks `json:"hooks,omitzero"`

	// What becomes of objects that are there already: none leaves them alone, update changes
	// them to what the backup has. Absent: none.
	// +optional
	ExistingResourcePolicy PolicyType `json:"existingResourcePolicy,omitempty" nullable:"true"`

	// How long to wait for what plugins do in the background. Absent or 0s: 4 hours.
	// +optional
	ItemOperationTimeout metav1.Duration `json:"itemOperationTimeout,omitzero"`

	// ConfigMap, in the restore's namespace, with patches for objects that are restored.
	// +optional
	ResourceModifier *corev1.TypedLocalObjectReference `json:"resourceModifier,omitempty" nullable:"true"`

	// ConfigMap, in the restore's namespace, with filters for namespaces and resources.
	// +optional
	ResourcePolicy *corev1.TypedLocalObjectReference `json:"resourcePolicy,omitempty" nullable:"true"`

	// Settings of what copies files and data.
	// +optional
	UploaderConfig *UploaderConfigForRestore `json:"uploaderConfig,omitempty" nullable:"true"`
}

// UploaderConfigForRestore are settings of what copies files and data from a backup.
type UploaderConfigForRestore struct {
	// Whether files are written without the blocks that hold only zeros.
	// +optional
	WriteSparseFiles *bool `json:"writeSparseFiles,omitempty" nullable:"true"`

	// How many files are copied at a time. Absent: as many as the node has processors.
	// +optional
	ParallelFilesDownload int `json:"parallelFilesDownload,omitempty"`
}

// RestoreStatusSpec says of which resources the status is restored.
type RestoreStatusSpec struct {
	// Resources of which the status is restored. Absent: all.
	// +optional
	// +listType=atomic
	IncludedResources []string `json:"includedResources,omitempty" nullable:"true"`

	// Resources of which it is not.
	// +optional
	// +listType=atomic
	ExcludedResources []string `json:"excludedResources,omitempty" nullable:"true"`
}

// RestoreHooks are commands to run in pods when they are restored.
type RestoreHooks struct {
	// Hooks, each with the pods it is for.
	// +optional
	// +listType=atomic
	Resources []RestoreResourceHookSpec `json:"resources,omitempty"`
}

// RestoreResourceHookSpec is a hook with the pods it is for.
type RestoreResourceHookSpec struct {
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

	// What to run when a pod is restored.
	// +optional
	// +listType=atomic
	PostHooks []RestoreResourceHook `json:"postHooks,omitempty"`
}

// RestoreResourceHook is one thing to run: a command, or init containers.
type RestoreResourceHook struct {
	// Command to run in a container of the pod.
	// +optional
	Exec *ExecRestoreHook `json:"exec,omitempty"`

	// Containers to run before those of the pod.
	// +optional
	Init *InitRestoreHook `json:"init,omitempty"`
}

// ExecRestoreHook is a command to run in a container of a restored pod.
type ExecRestoreHook struct {
	// Name of the container. Absent: the pod's first.
	// +optional
	Container string `json:"container,omitempty"`

	// The command, then its arguments. No shell looks at them.
	// +listType=atomic
	Command []string `json:"command"`

	// What becomes of the rest when the command fails. Absent: Continue.
	// +optional
	OnError HookErrorMode `json:"onError,omitempty"`

	// How long the command may take. Absent or 0s: 30 seconds.
	// +optional
	ExecTimeout metav1.Duration `json:"execTimeout,omitzero"`

	// How long to wait for the container before the command is run. Absent or 0s: without end.
	// +optional
	WaitTimeout metav1.Duration `json:"waitTimeout,omitzero"`

	// Whether to wait until the container is ready, not only until it runs. Absent: no.
	// +optional
	WaitForReady *bool `json:"waitForReady,omitempty" nullable:"true"`
}

// InitRestoreHook are init containers that a restored pod gets.
type InitRestoreHook struct {
	// The containers, each as in the spec of a pod.
	// +optional
	// +listType=atomic
	InitContainers []runtime.RawExtension `json:"initContainers"`

	// How long they may take.
	// +optional
	Timeout metav1.Duration `json:"timeout,omitzero"`
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
// +enum
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
	// +optional
	Phase RestorePhase `json:"phase,omitempty"`

	// Why the restore cannot be done as asked for.
	// +optional
	// +listType=atomic
	ValidationErrors []string `json:"validationErrors,omitempty" nullable:"true"`

	// How many warnings there were. They are in the restore's results.
	// +optional
	Warnings int `json:"warnings,omitempty"`

	// How many errors there were. They are in the restore's results.
	// +optional
	Errors int `json:"errors,omitempty"`

	// Why the restore as a whole failed.
	// +optional
	FailureReason string `json:"failureReason,omitempty"`

	// When the restore began.
	// +optional
	StartTimestamp *metav1.Time `json:"startTimestamp,omitempty" nullable:"true"`

	// When the restore ended, well or not.
	// +optional
	CompletionTimestamp *metav1.Time `json:"completionTimestamp,omitempty" nullable:"true"`

	// How many objects have been restored so far. It may lag behind.
	// +optional
	Progress *RestoreProgress `json:"progress,omitempty" nullable:"true"`

	// How many things plugins have begun in the background.
	// +optional
	RestoreItemOperationsAttempted int `json:"restoreItemOperationsAttempted,omitempty"`

	// How many of them ended well.
	// +optional
	RestoreItemOperationsCompleted int `json:"restoreItemOperationsCompleted,omitempty"`

	// How many of them failed.
	// +optional
	RestoreItemOperationsFailed int `json:"restoreItemOperationsFailed,omitempty"`

	// How the hooks went.
	// +optional
	HookStatus *HookStatus `json:"hookStatus,omitempty" nullable:"true"`
}

// RestoreProgress is how many objects have been restored so far.
type RestoreProgress struct {
	// How many objects there are. It may grow, because objects bring others with them.
	// +optional
	TotalItems int `json:"totalItems,omitempty"`

	// How many of them have been restored by now.
	// +optional
	ItemsRestored int `json:"itemsRestored,omitempty"`
}
