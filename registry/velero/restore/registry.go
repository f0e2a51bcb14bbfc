// Package restore is the registry of kind Restore.
package restore

import (
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type restore = *v1.Restore

// Resource serves restores.
type Resource = generic.Resource[restore, *v1.RestoreList]

// New returns the kind's resource in a server. Velero's CRD shows name and age only.
func New(env *generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "restores",
		Categories:   []string{"velero"},
		Columns: table.Columns[restore]{
			table.Age[restore](),
			{Name: "Status", Priority: 1, Description: "How far the restore has come.", Value: func(r restore) any { return string(r.Status.Phase) }},
			{Name: "Backup", Priority: 1, Description: "Backup that is restored.", Value: func(r restore) any { return r.Spec.BackupName }},
			{Name: "Started", Type: "date", Priority: 1, Description: "Time since the restore began.", Value: func(r restore) any { return r.Status.StartTimestamp }},
			{Name: "Completed", Type: "date", Priority: 1, Description: "Time since the restore ended.", Value: func(r restore) any { return r.Status.CompletionTimestamp }},
			{Name: "Errors", Type: "integer", Priority: 1, Description: "How many errors there were.", Value: func(r restore) any { return int64(r.Status.Errors) }},
			{Name: "Warnings", Type: "integer", Priority: 1, Description: "How many warnings there were.", Value: func(r restore) any { return int64(r.Status.Warnings) }},
		},
		Spec: func(r restore) any { return r.Spec },
		Fields: func(r restore) fields.Set {
			return fields.Set{
				"spec.backupName":   r.Spec.BackupName,
				"spec.scheduleName": r.Spec.ScheduleName,
				"status.phase":      string(r.Status.Phase),
			}
		},
		Environment: env,
		Validate:    validation.Restore,
		Warn:        doubtful,
	}
}
