// Package deletebackuprequest is the registry of kind DeleteBackupRequest.
package deletebackuprequest

import (
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type request = *v1.DeleteBackupRequest

// Resource serves requests to delete backups.
type Resource = generic.Resource[request, *v1.DeleteBackupRequestList]

// New returns the kind's resource in a server. The first columns are those of Velero's CRD, which
// shows no age.
func New(env *generic.Environment) *Resource {
	age := table.Age[request]()
	age.Priority = 1
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "deletebackuprequests",
		Categories:   []string{"velero"},
		Columns: table.Columns[request]{
			{Name: "BackupName", Description: "Backup to delete.", Value: func(r request) any { return r.Spec.BackupName }},
			{Name: "Status", Description: "How far the deletion has come.", Value: func(r request) any { return string(r.Status.Phase) }},
			age,
		},
		Spec: func(r request) any { return r.Spec },
		Fields: func(r request) fields.Set {
			return fields.Set{"spec.backupName": r.Spec.BackupName, "status.phase": string(r.Status.Phase)}
		},
		Environment: env,
		Validate:    validation.DeleteBackupRequest,
		Relate:      deletable,
		Warn:        unavailable,
	}
}
