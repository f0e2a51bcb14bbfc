package verbs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/locations"
)

const (
	// lookEvery is how often what is waited for is looked at.
	lookEvery = time.Second
	// looksInVain is how often in a row that may fail, for an API that restarts.
	looksInVain = 60
	// outcomePatience is how long the first error of what has ended may take to be read.
	outcomePatience = 30 * time.Second
)

// waiting is how the end of something is waited for that controllers carry out.
type waiting[T object] struct {
	ended func(T) bool
	phase func(T) string
	// progress is how far it is; empty: no controller has looked at it.
	progress func(T) string
	// conclude tells what it has come to. It is an error if that is no good end.
	conclude func(context.Context, versioned.Interface, T) error
}

// wait prints a dot for each second, and a line for what became of an object meanwhile, until it has ended.
func (k kind[T, L]) wait(ctx context.Context, c *connection, created T, w waiting[T]) error {
	clientset, _, err := c.connect()
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "Waiting for %s to complete. You may safely press ctrl-c to stop waiting - your %[1]s will continue in the background.\n", k.short)
	client, name, shown := k.client(clientset, created.GetNamespace()), created.GetName(), ""
	err = k.await(ctx, c, client, created, lookEvery, "had ended", func() { fmt.Fprint(c.Out, ".") }, func(found T) (bool, error) {
		if w.ended(found) {
			fmt.Fprintf(c.Out, "\n%s completed with status: %s. You may check for more information using the commands `velero %s describe %s` and `velero %[3]s logs %[4]s`.\n",
				k.apiKind, w.phase(found), k.singular, name)
			return true, w.conclude(ctx, clientset, found)
		}
		if now := w.progress(found); now != shown {
			fmt.Fprintf(c.Out, "\n%s ", now)
			shown = now
		}
		return false, nil
	})
	if errors.Is(err, ctx.Err()) && err != nil {
		return fmt.Errorf("stopped waiting: the %s continues in the background", k.short)
	}
	return err
}

// await looks at an object, with pauses, until it is done with it, or the context ends. Before is what the object may not be deleted
// before, and tick is called after each pause. An API that does not answer is warned of, and asked again for a while.
func (k kind[T, L]) await(ctx context.Context, c *connection, client client[T, L], object T, every time.Duration, before string, tick func(), look func(T) (done bool, err error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for failures := 0; ; {
		found, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
		switch {
		case ctx.Err() != nil:
			return ctx.Err() // which the caller puts into words
		case apierrors.IsNotFound(err) || err == nil && found.GetUID() != object.GetUID():
			return fmt.Errorf("%s %q was deleted before it %s", k.short, object.GetName(), before)
		case err != nil:
			if failures++; failures > looksInVain {
				return fmt.Errorf("waiting for %s %q: %w", k.short, object.GetName(), err)
			}
			if failures == 1 {
				fmt.Fprintf(c.ErrOut, "\nWarning: %s %q cannot be looked at: %v. It is tried again.\n", k.short, object.GetName(), err)
			}
		default:
			failures = 0
			if done, err := look(found); done || err != nil {
				return err
			}
		}
		select {
		case <-ticker.C:
			tick()
		case <-ctx.Done():
		}
	}
}

// waitForBackup waits for the end of a backup.
func (c *connection) waitForBackup(ctx context.Context, b *v1.Backup) error {
	return backup.wait(ctx, c, b, waiting[*v1.Backup]{
		ended:    func(b *v1.Backup) bool { return backupEnded(b.Status.Phase) },
		phase:    func(b *v1.Backup) string { return string(b.Status.Phase) },
		progress: progress,
		conclude: func(ctx context.Context, clientset versioned.Interface, ended *v1.Backup) error {
			fmt.Fprint(c.Out, contents(&ended.Status))
			if ended.Status.Phase == v1.BackupPhaseCompleted {
				return nil
			}
			return failure{
				noun: backup.short, name: ended.Name, phase: string(ended.Status.Phase), validation: ended.Status.ValidationErrors,
				reason: ended.Status.FailureReason, errors: ended.Status.Errors,
			}.describe(func() string {
				reader := newBackupReader(&files{timeout: outcomePatience}, c, clientset, ended)
				return reader.firstError(ctx, v1.DownloadTargetKindBackupResults, ended.Status.Errors)
			})
		},
	})
}

// failure is why something ended as it did, which was no good end.
type failure struct {
	noun, name, phase string
	validation        []string
	reason            string
	errors            int
}

// describe is it, on one line. The first error is asked for only if there is one.
func (f failure) describe(firstError func() string) error {
	reasons := f.validation
	if f.reason != "" {
		reasons = append(reasons, f.reason)
	}
	if f.errors > 0 {
		reasons = append(reasons, firstError())
	}
	text := fmt.Sprintf("%s %q ended as %s", f.noun, f.name, f.phase)
	if len(reasons) > 0 {
		text += ": " + strings.Join(reasons, "; ")
	}
	return errors.New(text)
}

// contents is a line about what is in a backup that has ended; empty: nothing was written.
func contents(status *v1.BackupStatus) string {
	if status.Progress == nil {
		return ""
	}
	return fmt.Sprintf("Items: %d, snapshots of volumes: %d of %d, errors: %d, warnings: %d.\n",
		status.Progress.ItemsBackedUp, status.VolumeSnapshotsCompleted, status.VolumeSnapshotsAttempted, status.Errors, status.Warnings)
}

// progress is how far a backup is.
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
