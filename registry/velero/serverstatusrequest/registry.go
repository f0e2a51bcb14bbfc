// Package serverstatusrequest is the registry of kind ServerStatusRequest.
package serverstatusrequest

import (
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type request = *v1.ServerStatusRequest

// Resource serves questions to the controllers.
type Resource = generic.Resource[request, *v1.ServerStatusRequestList]

// New returns the kind's resource in a server. Velero's CRD shows name and age only.
func New(*generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "serverstatusrequests",
		ShortNames:   []string{"ssr"},
		Categories:   []string{"velero"},
		Columns: table.Columns[request]{
			table.Age[request](),
			{Name: "Status", Priority: 1, Description: "Whether the answer is there.", Value: func(r request) any { return string(r.Status.Phase) }},
			{Name: "Version", Priority: 1, Description: "Version of the controllers.", Value: func(r request) any { return r.Status.ServerVersion }},
		},
		Spec:     func(r request) any { return r.Spec },
		Fields:   func(r request) fields.Set { return fields.Set{"status.phase": string(r.Status.Phase)} },
		Validate: validation.ServerStatusRequest,
	}
}
