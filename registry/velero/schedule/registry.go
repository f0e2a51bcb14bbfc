// Package schedule is the registry of kind Schedule.
package schedule

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/velero-locations/velero-locations/apis/velero/cronexpr"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
	"github.com/velero-locations/velero-locations/registry/velero/contents"
	"github.com/velero-locations/velero-locations/registry/velero/destination"
)

type schedule = *v1.Schedule

// Resource serves schedules.
type Resource = generic.Resource[schedule, *v1.ScheduleList]

// New returns the kind's resource in a server. The first columns are those of Velero's CRD.
func New(env *generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "schedules",
		Categories:   []string{"velero"},
		Columns: table.Columns[schedule]{
			{Name: "Status", Description: "Whether the schedule makes backups.", Value: func(s schedule) any { return string(s.Status.Phase) }},
			{Name: "Schedule", Description: "Cron expression of the times to make a backup at.", Value: func(s schedule) any { return s.Spec.Schedule }},
			{Name: "LastBackup", Type: "date", Description: "Time since the last backup was made.", Value: func(s schedule) any { return s.Status.LastBackup }},
			table.Age[schedule](),
			{Name: "Paused", Type: "boolean", Description: "Whether the schedule makes no backups for now.", Value: func(s schedule) any { return table.NonZero(s.Spec.Paused) }},
			{Name: "Storage Location", Priority: 1, Description: "Backup storage location that the backups go to.", Value: func(s schedule) any { return s.Spec.Template.StorageLocation }},
		},
		Spec: func(s schedule) any { return s.Spec },
		Fields: func(s schedule) fields.Set {
			return fields.Set{"spec.template.storageLocation": s.Spec.Template.StorageLocation, "status.phase": string(s.Status.Phase)}
		},
		Environment:  env,
		ValidateName: validation.ScheduleName,
		Validate:     validation.Schedule,
		Relate: func(ctx context.Context, view *generic.View, s, old schedule) field.ErrorList {
			// Whoever pauses a schedule, or writes its status, is not held up by what has become of its locations.
			if old != nil && destination.Same(&s.Spec.Template, &old.Spec.Template) {
				return nil
			}
			return destination.LastingErrors(ctx, view, &s.Spec.Template, template)
		},
		Warn: func(ctx context.Context, view *generic.View, s schedule) []string {
			texts := append(destination.LastingWarnings(ctx, view, &s.Spec.Template, template), contents.Warnings(ctx, view, &s.Spec.Template, template)...)
			if when, err := cronexpr.Parse(s.Spec.Schedule); err == nil && !cronexpr.Comes(when, time.Now()) {
				texts = append(texts, fmt.Sprintf("spec.schedule: %q never comes: the controllers here make no backup, and Velero's own server one every minute", s.Spec.Schedule))
			}
			return texts
		},
	}
}

var template = field.NewPath("spec", "template")
