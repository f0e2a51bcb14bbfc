// Package backup is the registry of kind Backup.
package backup

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
	"github.com/velero-locations/velero-locations/registry/velero/contents"
	"github.com/velero-locations/velero-locations/registry/velero/destination"
)

type backup = *v1.Backup

// Resource serves backups.
type Resource = generic.Resource[backup, *v1.BackupList]

// New returns the kind's resource in a server. Velero's CRD shows name and age only; here the columns are those of its client.
func New(env *generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "backups",
		Categories:   []string{"velero"},
		Columns: table.Columns[backup]{
			{Name: "Status", Description: "How far the backup has come.", Value: func(b backup) any { return string(b.Status.Phase) }},
			{Name: "Storage Location", Description: "Backup storage location that the backup goes to.", Value: func(b backup) any { return b.Spec.StorageLocation }},
			{Name: "Started", Type: "date", Description: "Time since the backup began.", Value: func(b backup) any { return b.Status.StartTimestamp }},
			{Name: "Expires", Description: "Time until the backup may be deleted.", Value: func(b backup) any { return until(b.Status.Expiration) }},
			{Name: "Errors", Type: "integer", Description: "How many errors there were.", Value: func(b backup) any { return int64(b.Status.Errors) }},
			{Name: "Warnings", Type: "integer", Description: "How many warnings there were.", Value: func(b backup) any { return int64(b.Status.Warnings) }},
			table.Age[backup](),
		},
		Spec: func(b backup) any { return b.Spec },
		Fields: func(b backup) fields.Set {
			return fields.Set{"spec.storageLocation": b.Spec.StorageLocation, "status.phase": string(b.Status.Phase)}
		},
		Environment: env,
		Prepare:     keep,
		Complete:    complete,
		Validate:    validation.Backup,
		Relate: func(ctx context.Context, view *generic.View, b, old backup) field.ErrorList {
			if !selects(b, old) {
				return nil
			}
			return destination.Errors(ctx, view, &b.Spec, spec)
		},
		WarnDeletion: returning,
		Warn: func(ctx context.Context, view *generic.View, b backup) []string {
			if !isNew(b) {
				return nil
			}
			return append(destination.Warnings(ctx, view, &b.Spec, spec), contents.Warnings(ctx, view, &b.Spec, spec)...)
		},
	}
}

func until(t *metav1.Time) any {
	if t.IsZero() {
		return nil
	}
	if left := time.Until(t.Time); left > 0 {
		return duration.HumanDuration(left)
	}
	return "expired"
}
