package velero

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ServerStatusRequest asks the controllers for their version and plugins.
type ServerStatusRequest struct {
	metav1.TypeMeta
	// Standard object metadata.
	metav1.ObjectMeta

	// Nothing: there is only one question.
	Spec ServerStatusRequestSpec
	// The answer. Written by controllers, on the object itself: this kind has no status subresource.
	Status ServerStatusRequestStatus
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ServerStatusRequestList is a list of questions to the controllers.
type ServerStatusRequestList struct {
	metav1.TypeMeta
	// Standard list metadata.
	metav1.ListMeta

	// The requests.
	Items []ServerStatusRequest
}

// ServerStatusRequestSpec is empty.
type ServerStatusRequestSpec struct{}

// ServerStatusRequestPhase says whether the answer is there.
type ServerStatusRequestPhase string

const (
	// ServerStatusRequestPhaseNew means that no controller has answered yet. So does no phase.
	ServerStatusRequestPhaseNew ServerStatusRequestPhase = "New"
	// ServerStatusRequestPhaseProcessed means that the answer is there.
	ServerStatusRequestPhaseProcessed ServerStatusRequestPhase = "Processed"
)

// ServerStatusRequestStatus is the answer.
type ServerStatusRequestStatus struct {
	// Whether the answer is there.
	Phase ServerStatusRequestPhase

	// When the answer was given.
	ProcessedTimestamp *metav1.Time

	// Version of the controllers.
	ServerVersion string

	// Plugins of the controllers.
	Plugins []PluginInfo
}

// PluginInfo is a plugin of the controllers.
type PluginInfo struct {
	// Name of the plugin, such as velero.io/aws.
	Name string

	// What the plugin is, such as ObjectStore.
	Kind string
}
