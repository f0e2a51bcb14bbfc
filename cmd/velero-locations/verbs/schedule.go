package verbs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
)

var schedule = kind[*v1.Schedule, *v1.ScheduleList]{
	singular: "schedule",
	plural:   "schedules",
	short:    "schedule",
	apiKind:  "Schedule",
	created:  "Schedule %q created successfully%s.",
	// Velero's client has no quotes here.
	deleted: "Schedule deleted: %s%s",
	deletes: "Delete schedules; their backups stay, unless the schedule owns them",
	client: func(c versioned.Interface, namespace string) client[*v1.Schedule, *v1.ScheduleList] {
		return c.VeleroV1().Schedules(namespace)
	},
	newList:        func() *v1.ScheduleList { return &v1.ScheduleList{} },
	newCreation:    func() creation[*v1.Schedule] { return &scheduleCreation{} },
	newDescription: func() description[*v1.Schedule] { return scheduleDescription{} },
	columns:        scheduleColumns,
}

// scheduleCreation is a schedule as flags describe it.
type scheduleCreation struct {
	template        backupSpec
	schedule        string
	owner, paused   bool
	skipImmediately optionalBool
}

func (s *scheduleCreation) addFlags(c *connection, cmd *cobra.Command) {
	s.template.addFlags(c, cmd)
	flags := cmd.Flags()
	flags.StringVar(&s.schedule, "schedule", "", `When to make backups: a cron expression such as "0 1 * * *", in the time zone of the server unless it begins with CRON_TZ=Europe/Berlin, or "@every 6h" (required)`)
	flags.BoolVar(&s.owner, "use-owner-references-in-backup", false, "Whether the schedule owns its backups, so that they are deleted with it")
	flags.BoolVar(&s.paused, "paused", false, "Whether the schedule makes no backups for now")
	addSkipImmediately(cmd, &s.skipImmediately)
	require(cmd, "schedule")
}

func addSkipImmediately(cmd *cobra.Command, skip *optionalBool) {
	// As Velero's, it does not go without a value, so that the word after it is not taken for a name.
	cmd.Flags().Var(skip, "skip-immediately", "Whether to skip a backup that is due immediately. If absent: as the server is set to")
}

func (s *scheduleCreation) object(_ *cobra.Command, _ *connection, name string) (*v1.Schedule, error) {
	return &v1.Schedule{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1.ScheduleSpec{
			Template: s.template.spec(), Schedule: s.schedule,
			UseOwnerReferencesInBackup: &s.owner, Paused: s.paused, SkipImmediately: s.skipImmediately.value,
		},
	}, nil
}

func (s *scheduleCreation) checkReferences(ctx context.Context, c *connection, object *v1.Schedule) error {
	return c.checkLocations(ctx, object.Spec.Template)
}

func scheduleColumns([]*v1.Schedule) []column[*v1.Schedule] {
	return []column[*v1.Schedule]{
		{"Status", func(s *v1.Schedule) string { return string(cmp.Or(s.Status.Phase, v1.SchedulePhaseNew)) }},
		{"Created", func(s *v1.Schedule) string { return s.CreationTimestamp.String() }},
		{"Schedule", func(s *v1.Schedule) string { return s.Spec.Schedule }},
		{"Backup TTL", func(s *v1.Schedule) string { return s.Spec.Template.TTL.Duration.String() }},
		{"Last Backup", func(s *v1.Schedule) string {
			if s.Status.LastBackup == nil {
				return fromNow(time.Time{})
			}
			return fromNow(s.Status.LastBackup.Time)
		}},
		{"Selector", func(s *v1.Schedule) string { return metav1.FormatLabelSelector(s.Spec.Template.LabelSelector) }},
		{"Paused", func(s *v1.Schedule) string { return strconv.FormatBool(s.Spec.Paused) }},
	}
}

func pauseSchedules(c *connection) *cobra.Command   { return pausing(c, "pause", "Pause", true) }
func unpauseSchedules(c *connection) *cobra.Command { return pausing(c, "unpause", "Unpause", false) }

// pausing sends a patch of the one field, so that what others change at the same time stays.
func pausing(c *connection, verb, title string, paused bool) *cobra.Command {
	var (
		choice choice
		skip   optionalBool
	)
	cmd := &cobra.Command{
		Use:   verb + " [NAME...]",
		Short: title + " schedules",
		Args:  choice.check(verb),
		RunE: func(cmd *cobra.Command, args []string) error {
			return schedule.each(cmd.Context(), c, choice.of(args), func(clientset versioned.Interface, s *v1.Schedule) error {
				if s.Spec.Paused == paused {
					fmt.Fprintf(c.Out, "Schedule %s is already %sd, skip\n", s.Name, verb)
					return nil
				}
				if err := patchPaused(cmd.Context(), clientset, s, paused, skip); err != nil {
					return err
				}
				fmt.Fprintf(c.Out, "Schedule %s %sd successfully\n", s.Name, verb)
				return nil
			})
		},
		ValidArgsFunction: schedule.completeNames(c, -1),
	}
	choice.addFlags(cmd, title, schedule.plural)
	addSkipImmediately(cmd, &skip)
	return cmd
}

func patchPaused(ctx context.Context, clientset versioned.Interface, s *v1.Schedule, paused bool, skip optionalBool) error {
	spec := map[string]any{"paused": paused}
	if skip.value != nil {
		spec["skipImmediately"] = *skip.value
	}
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return fmt.Errorf("encoding the change: %w", err)
	}
	_, err = schedule.patch(ctx, schedule.client(clientset, s.Namespace), s.Name, patch, false)
	return err
}
