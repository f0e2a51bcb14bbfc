package verbs

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

// scheduleDescription describes schedules.
type scheduleDescription struct{}

func (scheduleDescription) addFlags(*cobra.Command) {}

func (scheduleDescription) describe(_ context.Context, _ *connection, _ versioned.Interface, s *v1.Schedule) string {
	return describe(func(d *describer) {
		d.metadata(s)
		d.println()
		d.printf("Phase:\t%s\n", cmp.Or(s.Status.Phase, v1.SchedulePhaseNew))
		d.policies(s.Spec.Template, "")
		d.validationErrors(s.Status.ValidationErrors)
		d.println()
		d.printf("Paused:\t%t\n", s.Spec.Paused)
		d.println()
		d.printf("Schedule:\t%s\n", s.Spec.Schedule)
		d.println()
		d.printf("Backup Template:\n")
		d.prefix = "\t"
		d.backupSpec(s.Spec.Template)
		d.prefix = ""
		d.println()
		last := "<never>"
		if s.Status.LastBackup != nil {
			last = s.Status.LastBackup.String()
		}
		d.printf("Last Backup:\t%s\n", last)
	})
}
