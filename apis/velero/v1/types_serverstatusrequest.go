package v1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero/written"
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
	Spec ServerStatusRequestSpec `json:"spec,omitzero"`
	// The answer. Written by controllers, on the object itself: this kind has no status subresource.
	// +optional
	Status ServerStatusRequestStatus `json:"status,omitzero"`

	// Written is how a user wrote the object where this type encodes it otherwise. It is kept while what it is about does not change.
	Written written.Form `json:"-"`
}

// MarshalJSON implements json.Marshaler.
func (o ServerStatusRequest) MarshalJSON() ([]byte, error) {
	type fields ServerStatusRequest
	return written.Marshal(fields(o), o.Written)
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *ServerStatusRequest) UnmarshalJSON(data []byte) (err error) {
	type fields ServerStatusRequest
	o.Written, err = written.Unmarshal(data, (*fields)(o))
	return err
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
	ProcessedTimestamp *metav1.Time `json:"processedTimestamp,omitempty" nullable:"true"`

	// Version of the controllers.
	// +optional
	ServerVersion string `json:"serverVersion,omitempty"`

	// Plugins of the controllers.
	// +optional
	// +listType=atomic
	Plugins []PluginInfo `json:"plugins,omitempty" nullable:"true"`
}

// PluginInfo is a plugin of the controllers.
type PluginInfo struct {
	// Name of the plugin, such as velero.io/aws.
	Name string `json:"name"`

	// What the plugin is, such as ObjectStore.
	Kind string `json:"kind"`
}
