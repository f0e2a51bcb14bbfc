package verbs

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
)

const (
	// lookEvery is how often a backup that is waited for is looked at.
	lookEvery = time.Second
	// looksInVain is how often in a row that may fail, for an API that restarts.
	looksInVain = 60
	// outcomePatience is how long the first error of a backup that has ended may take to be read.
	outcomePatience = 30 * time.Second
)

// waitForBackup prints a dot for each second, and a line for what became of the backup meanwhile, until
// it has ended. It is an error if that is no good end.
func (c *connection) waitForBackup(ctx context.Context, b *v1.Backup) error {
	clientset, _, err := c.connect()
	if err != nil {
		return err
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	shown := ""
	for failures := 0; ; {
		found, err := clientset.VeleroV1().Backups(b.Namespace).Get(ctx, b.Name, metav1.GetOptions{})
		switch {
		case ctx.Err() != nil:
			return errors.New("stopped waiting: the backup continues in the background")
		case apierrors.IsNotFound(err) || err == nil && found.UID != b.UID:
			return fmt.Errorf("backup %q was deleted before it had ended", b.Name)
		case err != nil:
			if failures++; failures > looksInVain {
				return fmt.Errorf("waiting for backup %q: %w", b.Name, err)
			}
		case backupEnded(found.Status.Phase):
			fmt.Fprintf(c.Out, "\nBackup completed with status: %s. You may check for more information using the commands `velero backup describe %s` and `velero backup logs %s`.\n",
				found.Status.Phase, b.Name, b.Name)
			fmt.Fprint(c.Out, contents(&found.Status))
			return failure(found, func() string {
				reader := &backupReader{files: &files{timeout: outcomePatience}, connection: c, clientset: clientset, backup: found}
				return reader.firstError(ctx)
			})
		default:
			failures = 0
			if now := progress(found); now != shown {
				fmt.Fprintf(c.Out, "\n%s ", now)
				shown = now
			}
		}
		select {
		case <-ticker.C:
			fmt.Fprint(c.Out, ".")
		case <-ctx.Done():
		}
	}
}

// contents is a line about what is in a backup that has ended; empty: nothing was written.
func contents(status *v1.BackupStatus) string {
	if status.Progress == nil {
		return ""
	}
	return fmt.Sprintf("Items: %d, snapshots of volumes: %d of %d, errors: %d, warnings: %d.\n",
		status.Progress.ItemsBackedUp, status.VolumeSnapshotsCompleted, status.VolumeSnapshotsAttempted, status.Errors, status.Warnings)
}

// progress is how far a backup is; empty: no controller has looked at it.
func progress(b *v1.Backup) string {
	switch {
	case b.Status.QueuePosition > 0:
		return fmt.Sprintf("%s: position %d", b.Status.Phase, b.Status.QueuePosition)
	case b.Status.Progress != nil:
		return fmt.Sprintf("%s: %d of %s", b.Status.Phase, b.Status.Progress.ItemsBackedUp, locations.Count(b.Status.Progress.TotalItems, "item"))
	default:
		return string(b.Status.Phase)
	}
}
