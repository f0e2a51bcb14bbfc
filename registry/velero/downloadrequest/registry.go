// Package downloadrequest is the registry of kind DownloadRequest.
package downloadrequest

import (
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type request = *v1.DownloadRequest

// Resource serves requests to download files.
type Resource = generic.Resource[request, *v1.DownloadRequestList]

// New returns the kind's resource in a server. Velero's CRD shows name and age only.
func New(env *generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "downloadrequests",
		Categories:   []string{"velero"},
		Columns: table.Columns[request]{
			table.Age[request](),
			{Name: "Kind", Priority: 1, Description: "Which file is asked for.", Value: func(r request) any { return string(r.Spec.Target.Kind) }},
			{Name: "Target", Priority: 1, Description: "Backup or restore that the file is of.", Value: func(r request) any { return r.Spec.Target.Name }},
			{Name: "Status", Priority: 1, Description: "Whether the URL is there.", Value: func(r request) any { return string(r.Status.Phase) }},
		},
		Spec: func(r request) any { return r.Spec },
		Fields: func(r request) fields.Set {
			return fields.Set{
				"spec.target.kind": string(r.Spec.Target.Kind), "spec.target.name": r.Spec.Target.Name, "status.phase": string(r.Status.Phase),
			}
		},
		Environment: env,
		Validate:    validation.DownloadRequest,
		Relate:      answerable,
	}
}
