package verbs

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/locations"
)

var restore = kind[*v1.Restore, *v1.RestoreList]{
	singular: "restore",
	plural:   "restores",
	short:    "restore",
	apiKind:  "Restore",
	created:  "Restore request %q submitted successfully%s.",
	deleted: "Request to delete restore %q submitted successfully%s.\n" +
		"The restore will be fully deleted after all associated data (restore files in object storage) are removed.",
	deletes: "Delete restores, with their files; what they restored stays",
	client: func(c versioned.Interface, namespace string) client[*v1.Restore, *v1.RestoreList] {
		return c.VeleroV1().Restores(namespace)
	},
	newList:        func() *v1.RestoreList { return &v1.RestoreList{} },
	newCreation:    func() creation[*v1.Restore] { return &restoreCreation{} },
	newDescription: func() description[*v1.Restore] { return &restoreDescription{} },
	columns:        restoreColumns,
}

func restoreColumns([]*v1.Restore) []column[*v1.Restore] {
	return []column[*v1.Restore]{
		{"Backup", func(r *v1.Restore) string { return r.Spec.BackupName }},
		{"Status", func(r *v1.Restore) string { return string(cmp.Or(r.Status.Phase, v1.RestorePhaseNew)) }},
		{"Started", func(r *v1.Restore) string { return timeOr(r.Status.StartTimestamp, "<nil>") }},
		{"Completed", func(r *v1.Restore) string { return timeOr(r.Status.CompletionTimestamp, "<nil>") }},
		{"Errors", func(r *v1.Restore) string { return strconv.Itoa(r.Status.Errors) }},
		{"Warnings", func(r *v1.Restore) string { return strconv.Itoa(r.Status.Warnings) }},
		{"Created", func(r *v1.Restore) string { return r.CreationTimestamp.String() }},
		{"Selector", func(r *v1.Restore) string { return metav1.FormatLabelSelector(r.Spec.LabelSelector) }},
	}
}

// restoreEnded says whether a restore stays as it is.
func restoreEnded(phase v1.RestorePhase) bool {
	switch phase {
	case v1.RestorePhaseFailedValidation, v1.RestorePhaseCompleted, v1.RestorePhasePartiallyFailed, v1.RestorePhaseFailed:
		return true
	default:
		return false
	}
}

// restoreFiles says whether a restore of that phase has files in the location of its backup.
func restoreFiles(phase v1.RestorePhase) bool {
	switch phase {
	case "", v1.RestorePhaseNew, v1.RestorePhaseFailedValidation, v1.RestorePhaseInProgress:
		return false
	default:
		return true
	}
}

// filesOfRestore are in the location of its backup, which is left open if the record of the backup is gone.
func filesOfRestore(ctx context.Context, clientset versioned.Interface, r *v1.Restore) (filed, error) {
	of := filed{noun: restore.short, namespace: r.Namespace, name: r.Name}
	from, err := clientset.VeleroV1().Backups(r.Namespace).Get(ctx, r.Spec.BackupName, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return of, fmt.Errorf("backup %q is gone, and with it who could say where the files of restore %q are", r.Spec.BackupName, r.Name)
	case err != nil:
		return of, fmt.Errorf("reading backup %q: %w", r.Spec.BackupName, err)
	}
	of.location = from.Spec.StorageLocation
	return of, nil
}

// waitForRestore waits for the end of a restore.
func (c *connection) waitForRestore(ctx context.Context, r *v1.Restore) error {
	return restore.wait(ctx, c, r, waiting[*v1.Restore]{
		ended:    func(r *v1.Restore) bool { return restoreEnded(r.Status.Phase) },
		phase:    func(r *v1.Restore) string { return string(r.Status.Phase) },
		progress: restoreProgress,
		conclude: func(ctx context.Context, clientset versioned.Interface, ended *v1.Restore) error {
			status := &ended.Status
			if status.Progress != nil {
				fmt.Fprintf(c.Out, "Items: %d, errors: %d, warnings: %d.\n", status.Progress.ItemsRestored, status.Errors, status.Warnings)
			}
			if status.Phase == v1.RestorePhaseCompleted {
				return nil
			}
			return failure{
				noun: restore.short, name: ended.Name, phase: string(status.Phase), validation: status.ValidationErrors,
				reason: status.FailureReason, errors: status.Errors,
			}.describe(func() string {
				return newRestoreReader(ctx, &files{timeout: outcomePatience}, c, clientset, ended).firstError(ctx, v1.DownloadTargetKindRestoreResults, status.Errors)
			})
		},
	})
}

// restoreProgress is how far a restore is.
func restoreProgress(r *v1.Restore) string {
	if progress := r.Status.Progress; progress != nil {
		return fmt.Sprintf("%s: %d of %s", r.Status.Phase, progress.ItemsRestored, locations.Count(progress.TotalItems, "item"))
	}
	return string(r.Status.Phase)
}

// restoreLogs prints a restore's log.
func restoreLogs(c *connection) *cobra.Command {
	var f files
	cmd := &cobra.Command{
		Use:   "logs RESTORE",
		Short: "Print the log of a restore",
		Args:  oneName("restore"),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientset, namespace, err := c.connect()
			if err != nil {
				return err
			}
			r, err := clientset.VeleroV1().Restores(namespace).Get(cmd.Context(), args[0], metav1.GetOptions{})
			if err != nil {
				return err
			}
			if !restoreFiles(r.Status.Phase) {
				return fmt.Errorf("restore %q has no log: it is %s", r.Name, cmp.Or(r.Status.Phase, v1.RestorePhaseNew))
			}
			of, err := filesOfRestore(cmd.Context(), clientset, r)
			if err != nil {
				return err
			}
			return f.copy(cmd.Context(), c, clientset, of, v1.DownloadTargetKindRestoreLog, c.Out)
		},
		ValidArgsFunction: restore.completeNames(c, 1),
	}
	f.addFlags(cmd)
	f.addTimeout(cmd)
	return cmd
}
