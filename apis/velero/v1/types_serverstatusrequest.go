package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +genclient
// +genclient:noStatus
// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ServerStatusRequest asks the controllers for their version and plugins.
type ServerStatusRequest struct {
	metav1.TypeMeta `json:",inline"`
	// Standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Nothing: there is only one question.
	// +optional
	Spec ServerStatusRequestSpec `json:"spec,omitempty"`
	// The answer. Written by controllers, on the object itself: this kind has no status subresource.
	// +optional
	Status ServerStatusRequestStatus `json:"status,omitempty"`
}

// +k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object

// ServerStatusRequestList is a list of questions to the controllers.
type ServerStatusRequestList struct {
	metav1.TypeMeta `json:",inline"`
	// Standard list metadata.
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`

	// The requests.
	Items []ServerStatusRequest `json:"items"`
}

// ServerStatusRequestSpec is empty.
type ServerStatusRequestSpec struct{}

// ServerStatusRequestPhase says whether the answer is there.
// +enum
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
	// +optional
	Phase ServerStatusRequestPhase `json:"phase,omitempty"`

	// When the answer was given.
	// +optional
	// +nullable
	ProcessedTimestamp *metav1.Time `json:"processedTimestamp,omitempty"`

	// Version of the controllers.
	// +optional
	ServerVersion string `json:"serverVersion,omitempty"`

	// Plugins of the controllers.
	// +optional
	// +nullable
	// +listType=atomic
	Plugins []PluginInfo `json:"plugins,omitempty"`
}

// PluginInfo is a plugin of the controllers.
type PluginInfo struct {
	// Name of the plugin, such as velero.io/aws.
	Name string `json:"name"`

	// What the plugin is, such as ObjectStore.
	Kind string `json:"kind"`
}
