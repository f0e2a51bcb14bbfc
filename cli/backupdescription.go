package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/locations"
)

// backupDescription describes backups, from their records and from their files in the bucket. A file
// that cannot be read is said to be so in its place.
type backupDescription struct {
	files   files
	details bool
}

func (o *backupDescription) addFlags(cmd *cobra.Command) {
	o.files.timeout = 30 * time.Second
	o.files.addFlags(cmd)
	cmd.Flags().BoolVar(&o.details, "details", false, "Describe volumes and list the objects, too")
}

func (o *backupDescription) describe(ctx context.Context, c *connection, clientset versioned.Interface, b *v1.Backup) string {
	r := &backupReader{files: &o.files, connection: c, clientset: clientset, backup: b}
	return describe(func(d *describer) {
		d.metadata(b)
		d.println()
		d.backupPhase(b)
		d.policies(b.Spec)
		d.validationErrors(b.Status.ValidationErrors)
		d.println()
		d.outcome(ctx, r)
		d.println()
		d.backupSpec(b.Spec)
		d.println()
		d.backupStatus(b.Status)
		if o.details {
			d.resourceList(ctx, r)
			d.println()
		}
		d.volumes(ctx, r, o.details)
		if hooks := b.Status.HookStatus; hooks != nil {
			d.println()
			d.printf("HooksAttempted:\t%d\n", hooks.HooksAttempted)
			d.printf("HooksFailed:\t%d\n", hooks.HooksFailed)
		}
		d.deletions(ctx, r)
	})
}

// backupReader reads what belongs to a backup.
type backupReader struct {
	*files
	*connection
	clientset versioned.Interface
	backup    *v1.Backup
}

// decode reads a file of JSON.
func (r *backupReader) decode(ctx context.Context, kind v1.DownloadTargetKind, value any) error {
	if !backupFiles(r.backup.Status.Phase) {
		return errNoFile
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	file, err := r.open(ctx, r.connection, r.clientset, r.backup, kind)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	if err := json.NewDecoder(file).Decode(value); err != nil {
		return fmt.Errorf("decoding the file: %w", err)
	}
	return nil
}

// belonging selects what is labelled as the backup's.
func (r *backupReader) belonging(withUID bool) metav1.ListOptions {
	set := labels.Set{backups.NameLabel: locations.LabelValue(r.backup.Name)}
	if withUID {
		set[backups.UIDLabel] = string(r.backup.UID)
	}
	return metav1.ListOptions{LabelSelector: set.String()}
}

func (d *describer) backupPhase(b *v1.Backup) {
	note := ""
	if phase := b.Status.Phase; phase == v1.BackupPhaseFailed || phase == v1.BackupPhasePartiallyFailed {
		note = fmt.Sprintf(" (run `velero backup logs %s` for more information)", b.Name)
	}
	d.printf("Phase:\t%s%s\n", cmp.Or(b.Status.Phase, v1.BackupPhaseNew), note)
	if b.Status.Phase == v1.BackupPhaseQueued {
		d.printf("Queue position:\t%d\n", b.Status.QueuePosition)
	}
	if b.Status.FailureReason != "" {
		d.println()
		d.printf("Failure reason:\t%s\n", b.Status.FailureReason)
	}
}

// outcome describes warnings and errors, or counts them if the file that has them cannot be read.
func (d *describer) outcome(ctx context.Context, r *backupReader) {
	status := r.backup.Status
	if status.Warnings == 0 && status.Errors == 0 {
		return
	}
	var outcome backups.Outcome
	switch err := r.decode(ctx, v1.DownloadTargetKindBackupResults, &outcome); {
	case errors.Is(err, errNoFile):
		d.printf("Errors:\t%d\n", status.Errors)
		d.printf("Warnings:\t%d\n", status.Warnings)
		return
	case err != nil:
		d.printf("Warnings:\t<error getting warnings: %v>\n\nErrors:\t<error getting errors: %v>\n", err, err)
		return
	}
	if status.Warnings > 0 {
		d.println()
		d.messages("Warnings", outcome.Warnings)
	}
	if status.Errors > 0 {
		d.println()
		d.messages("Errors", outcome.Errors)
	}
}

func (d *describer) messages(name string, messages backups.Messages) {
	d.printf("%s:\n", name)
	d.lines("\t", "Velero", messages.Velero)
	d.lines("\t", "Cluster", messages.Cluster)
	if len(messages.Namespaces) == 0 {
		d.printf("\tNamespaces: %s\n", none)
		return
	}
	d.printf("\tNamespaces:\n")
	for _, namespace := range slices.Sorted(maps.Keys(messages.Namespaces)) {
		d.lines("\t\t", namespace, messages.Namespaces[namespace])
	}
}

func (d *describer) backupStatus(status v1.BackupStatus) {
	d.printf("Backup Format Version:\t%s\n", status.FormatVersion)
	d.println()
	d.printf("Started:\t%s\n", timeOr(status.StartTimestamp, "<n/a>"))
	d.printf("Completed:\t%s\n", timeOr(status.CompletionTimestamp, "<n/a>"))
	d.println()
	d.printf("Expiration:\t%s\n", timeOr(status.Expiration, "<nil>"))
	d.println()
	if progress := status.Progress; progress != nil {
		total, done := "Total items to be backed up", "Items backed up"
		if status.Phase == v1.BackupPhaseInProgress {
			total, done = "Estimated total items to be backed up", "Items backed up so far"
		}
		d.printf("%s:\t%d\n", total, progress.TotalItems)
		d.printf("%s:\t%d\n", done, progress.ItemsBackedUp)
		d.println()
	}
	if status.BackupItemOperationsAttempted > 0 {
		d.printf("Backup Item Operations:\t%d of %d completed successfully, %d failed\n",
			status.BackupItemOperationsCompleted, status.BackupItemOperationsAttempted, status.BackupItemOperationsFailed)
	}
}

func timeOr(at *metav1.Time, absent string) string {
	if at == nil || at.IsZero() {
		return absent
	}
	return at.String()
}

func (d *describer) resourceList(ctx context.Context, r *backupReader) {
	var names backups.Names
	switch err := r.decode(ctx, v1.DownloadTargetKindBackupResourceList, &names); {
	case errors.Is(err, errNoFile):
		d.printf("Resource List:\t<backup resource list not found>\n")
		return
	case err != nil:
		d.printf("Resource List:\t<error getting backup resource list: %v>\n", err)
		return
	}
	d.printf("Resource List:\n")
	for _, kind := range slices.Sorted(maps.Keys(names)) {
		d.printf("\t%s:\n\t\t- %s\n", kind, strings.Join(names[kind], "\n\t\t- "))
	}
}

// volumes describes what was done about volumes. Those with CSI's own snapshots, or copied by a data
// mover, as Velero's server makes them, are named.
func (d *describer) volumes(ctx context.Context, r *backupReader, details bool) {
	d.printf("Backup Volumes:\n")
	var infos []backups.VolumeInfo
	if err := r.decode(ctx, v1.DownloadTargetKindBackupVolumeInfos, &infos); err != nil && !errors.Is(err, errNoFile) {
		d.printf("\t<error getting backup volume info: %v>\n", err)
		return
	}
	d.nativeSnapshots(of(infos, backups.NativeSnapshot), details)
	d.println()
	d.csiSnapshots(of(infos, "CSISnapshot"))
	d.println()
	d.podVolumes(ctx, r, details)
}

func of(infos []backups.VolumeInfo, method string) []backups.VolumeInfo {
	return slices.DeleteFunc(slices.Clone(infos), func(info backups.VolumeInfo) bool { return info.BackupMethod != method })
}

func (d *describer) nativeSnapshots(infos []backups.VolumeInfo, details bool) {
	if len(infos) == 0 {
		d.printf("\tVelero-Native Snapshots: <none included>\n")
		return
	}
	d.printf("\tVelero-Native Snapshots:\n")
	for _, info := range infos {
		if !details {
			d.printf("\t\t%s: specify --details for more information\n", info.PVName)
			continue
		}
		snapshot := cmp.Or(info.NativeSnapshotInfo, &backups.NativeSnapshotInfo{})
		d.printf("\t\t%s:\n", info.PVName)
		d.printf("\t\t\tSnapshot ID:\t%s\n", snapshot.SnapshotHandle)
		d.printf("\t\t\tType:\t%s\n", snapshot.VolumeType)
		d.printf("\t\t\tAvailability Zone:\t%s\n", snapshot.VolumeAZ)
		d.printf("\t\t\tIOPS:\t%s\n", snapshot.IOPS)
		d.printf("\t\t\tResult:\t%s\n", info.Result)
	}
}

func (d *describer) csiSnapshots(infos []backups.VolumeInfo) {
	if len(infos) == 0 {
		d.printf("\tCSI Snapshots: <none included>\n")
		return
	}
	d.printf("\tCSI Snapshots:\n")
	for _, info := range infos {
		d.printf("\t\t%s/%s:\n", info.PVCNamespace, info.PVCName)
		if info.PreserveLocalSnapshot {
			d.printf("\t\t\tSnapshot: included\n")
		}
		if info.SnapshotDataMoved {
			d.printf("\t\t\tData Movement: included\n")
		}
		d.printf("\t\t\tResult: %s\n", info.Result)
	}
}

// podVolumes describes volumes whose files were read, by how far that is.
func (d *describer) podVolumes(ctx context.Context, r *backupReader, details bool) {
	list, err := r.clientset.VeleroV1().PodVolumeBackups(r.backup.Namespace).List(ctx, r.belonging(false))
	switch {
	case err != nil:
		d.printf("\tPod Volume Backups: <error listing them: %v>\n", err)
		return
	case len(list.Items) == 0:
		d.printf("\tPod Volume Backups: <none included>\n")
		return
	}
	byPhase := map[string][]string{}
	for i := range list.Items {
		one := &list.Items[i]
		phase := cmp.Or(string(one.Status.Phase), "New")
		byPhase[phase] = append(byPhase[phase], fmt.Sprintf("%s/%s: %s", one.Spec.Pod.Namespace, one.Spec.Pod.Name, one.Spec.Volume))
	}
	note := ""
	if !details {
		note = " (specify --details for more information)"
	}
	d.printf("\tPod Volume Backups - %s%s:\n", list.Items[0].Spec.UploaderType, note)
	for _, phase := range slices.Sorted(maps.Keys(byPhase)) {
		if !details {
			d.printf("\t\t%s:\t%d\n", phase, len(byPhase[phase]))
			continue
		}
		d.printf("\t\t%s:\n", phase)
		for _, volume := range slices.Sorted(slices.Values(byPhase[phase])) {
			d.printf("\t\t\t%s\n", volume)
		}
	}
}

// deletions describes the requests to delete the backup.
func (d *describer) deletions(ctx context.Context, r *backupReader) {
	list, err := r.clientset.VeleroV1().DeleteBackupRequests(r.backup.Namespace).List(ctx, r.belonging(true))
	if err != nil {
		fmt.Fprintf(r.ErrOut, "Warning: listing the requests to delete backup %q: %v\n", r.backup.Name, err)
		return
	}
	if len(list.Items) == 0 {
		return
	}
	failed := 0
	for i := range list.Items {
		if len(list.Items[i].Status.Errors) > 0 {
			failed++
		}
	}
	note := ""
	if failed > 0 {
		note = fmt.Sprintf(" (%d failed)", failed)
	}
	d.println()
	d.printf("Deletion Attempts%s:\n", note)
	for i := range list.Items {
		request := &list.Items[i]
		if i > 0 {
			d.println()
		}
		d.printf("\t%s: %s\n", request.CreationTimestamp.String(), request.Status.Phase)
		if len(request.Status.Errors) > 0 {
			d.printf("\tErrors:\n")
		}
		for _, message := range request.Status.Errors {
			d.printf("\t\t%s\n", message)
		}
	}
}
