package verbs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

// backupCreation is a backup as flags describe it, or as a schedule does.
type backupCreation struct {
	spec         backupSpec
	fromSchedule string
	wait         bool
}

func (b *backupCreation) addFlags(c *connection, cmd *cobra.Command) {
	b.spec.addFlags(c, cmd)
	cmd.Flags().StringVar(&b.fromSchedule, "from-schedule", "", "Make the backup that this schedule would make now; other flags about what is backed up are ignored, and a name is not needed")
	cmd.Flags().BoolVarP(&b.wait, "wait", "w", false, "Wait until the backup has ended, and fail unless it is complete")
	schedule.completeNamesFlag(c, cmd, "from-schedule")
}

// nameOptional: the backup of a schedule is named after it.
func (b *backupCreation) nameOptional() bool { return b.fromSchedule != "" }

func (b *backupCreation) object(cmd *cobra.Command, c *connection, name string) (*v1.Backup, error) {
	if cmd.Flags().Changed("from-schedule") && strings.TrimSpace(b.fromSchedule) == "" {
		return nil, errors.New("--from-schedule: give the name of a schedule")
	}
	if b.fromSchedule == "" {
		return &v1.Backup{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: b.spec.spec()}, nil
	}
	object, err := b.ofSchedule(cmd.Context(), c, name)
	if err == nil && !cmd.Flags().Changed("output") {
		fmt.Fprintln(c.Out, "Creating backup from schedule, all other filters are ignored.")
	}
	return object, err
}

func (b *backupCreation) ofSchedule(ctx context.Context, c *connection, name string) (*v1.Backup, error) {
	clientset, namespace, err := c.connect()
	if err != nil {
		return nil, err
	}
	from, err := clientset.VeleroV1().Schedules(namespace).Get(ctx, strings.TrimSpace(b.fromSchedule), metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the schedule: %w", err)
	}
	object := backups.OfSchedule(from, time.Now())
	if name != "" {
		object.Name = name
	}
	return object, nil
}

func (b *backupCreation) checkReferences(ctx context.Context, c *connection, object *v1.Backup) error {
	return c.checkLocations(ctx, object.Spec)
}

// follow describes the backup as the server has filled it in, if it is only a trial; waits for its end, if asked to; or says how to look at it.
func (b *backupCreation) follow(ctx context.Context, c *connection, created *v1.Backup, dry dryRun) error {
	switch {
	case bool(dry):
		fmt.Fprint(c.Out, describe(func(d *describer) { d.backupSpec(created.Spec) }))
		return nil
	case b.wait:
		return c.waitForBackup(ctx, created)
	default:
		fmt.Fprintf(c.Out, "Run `velero backup describe %s` or `velero backup logs %s` for more details.\n", created.Name, created.Name)
		return nil
	}
}
