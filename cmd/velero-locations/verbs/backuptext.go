package verbs

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

// backup tells a report in Velero's words.
func (d *describer) backup(r *backupReport) {
	b := r.backup
	d.metadata(b)
	d.println()
	d.backupPhase(b)
	d.policies(b.Spec, b.Annotations[globalPolicies])
	d.validationErrors(b.Status.ValidationErrors)
	d.println()
	d.outcome(r.outcome, b.Status.Warnings, b.Status.Errors)
	d.println()
	d.backupSpec(b.Spec)
	d.println()
	d.backupStatus(b.Status)
	if r.details {
		d.resourceList("backup", r.resources)
		d.println()
	}
	d.volumes(r)
	if hooks := b.Status.HookStatus; hooks != nil {
		d.println()
		d.printf("HooksAttempted:\t%d\n", hooks.HooksAttempted)
		d.printf("HooksFailed:\t%d\n", hooks.HooksFailed)
	}
	d.deletions(r)
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
func (d *describer) outcome(outcome reading[backups.Outcome], warnings, errs int) {
	switch err := outcome.err; {
	case errors.Is(err, errNoFile):
		d.printf("Errors:\t%d\n", errs)
		d.printf("Warnings:\t%d\n", warnings)
		return
	case err != nil:
		d.printf("Warnings:\t<error getting warnings: %v>\n\nErrors:\t<error getting errors: %v>\n", err, err)
		return
	}
	if warnings > 0 {
		d.println()
		d.messages("Warnings", outcome.value.Warnings)
	}
	if errs > 0 {
		d.println()
		d.messages("Errors", outcome.value.Errors)
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

func (d *describer) resourceList(noun string, resources reading[backups.Names]) {
	if resources.err != nil {
		d.printf("Resource List:\t%s\n", noResourceList(noun, resources.err))
		return
	}
	d.printf("Resource List:\n")
	for _, kind := range slices.Sorted(maps.Keys(resources.value)) {
		d.printf("\t%s:\n\t\t- %s\n", kind, strings.Join(resources.value[kind], "\n\t\t- "))
	}
}

// noResourceList stands for the list of objects.
func noResourceList(noun string, err error) string {
	if errors.Is(err, errNoFile) {
		return fmt.Sprintf("<%s resource list not found>", noun)
	}
	return fmt.Sprintf("<error getting %s resource list: %v>", noun, err)
}

// volumes describes what was done about volumes.
func (d *describer) volumes(r *backupReport) {
	d.printf("Backup Volumes:\n")
	if r.volumes.err != nil {
		d.printf("\t<error getting backup volume info: %v>\n", r.volumes.err)
		return
	}
	d.nativeSnapshots(r)
	d.println()
	d.csiSnapshots(r)
	d.println()
	d.podVolumeBackups(r)
}

const (
	noneIncluded = "<none included>"
	// forDetails stands for details that were not asked for.
	forDetails = "specify --details for more information"
)

func (d *describer) nativeSnapshots(r *backupReport) {
	infos := r.volumesBy(backups.NativeSnapshot)
	if len(infos) == 0 {
		d.printf("\tVelero-Native Snapshots: %s\n", noneIncluded)
		return
	}
	d.printf("\tVelero-Native Snapshots:\n")
	for _, info := range infos {
		if !r.details {
			d.printf("\t\t%s: %s\n", info.PVName, forDetails)
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

func (d *describer) csiSnapshots(r *backupReport) {
	infos := r.volumesBy(backups.CSISnapshot)
	if len(infos) == 0 {
		d.printf("\tCSI Snapshots: %s\n", r.noCSISnapshots())
		return
	}
	d.printf("\tCSI Snapshots:\n")
	for _, info := range infos {
		d.printf("\t\t%s/%s:\n", info.PVCNamespace, info.PVCName)
		if info.PreserveLocalSnapshot {
			d.localSnapshot(info, r.details)
		}
		if info.SnapshotDataMoved {
			d.dataMovement(info, r.details)
		}
	}
}

func (d *describer) localSnapshot(info backups.VolumeInfo, details bool) {
	if !details {
		d.printf("\t\t\tSnapshot: included, %s\n", forDetails)
		return
	}
	snapshot := cmp.Or(info.CSISnapshotInfo, &backups.CSISnapshotInfo{})
	d.printf("\t\t\tSnapshot:\n")
	if !info.SnapshotDataMoved && snapshot.OperationID != "" {
		d.printf("\t\t\t\tOperation ID: %s\n", snapshot.OperationID)
	}
	d.printf("\t\t\t\tSnapshot Content Name: %s\n", snapshot.VSCName)
	d.printf("\t\t\t\tStorage Snapshot ID: %s\n", snapshot.SnapshotHandle)
	d.printf("\t\t\t\tSnapshot Size (bytes): %d\n", snapshot.Size)
	d.printf("\t\t\t\tCSI Driver: %s\n", snapshot.Driver)
	d.printf("\t\t\t\tResult: %s\n", info.Result)
}

func (d *describer) dataMovement(info backups.VolumeInfo, details bool) {
	if !details {
		d.printf("\t\t\tData Movement: included, %s\n", forDetails)
		return
	}
	movement := cmp.Or(info.SnapshotDataMovementInfo, &backups.SnapshotDataMovementInfo{})
	d.printf("\t\t\tData Movement:\n")
	d.printf("\t\t\t\tOperation ID: %s\n", movement.OperationID)
	d.printf("\t\t\t\tData Mover: %s\n", cmp.Or(movement.DataMover, veleroDataMover))
	d.printf("\t\t\t\tUploader Type: %s\n", movement.UploaderType)
	d.printf("\t\t\t\tMoved data Size (bytes): %d\n", movement.Size)
	if movement.IncrementalSize > 0 {
		d.printf("\t\t\t\tIncremental data Size (bytes): %d\n", movement.IncrementalSize)
	}
	d.printf("\t\t\t\tResult: %s\n", info.Result)
}

// podVolumeBackups describes volumes whose files were read.
func (d *describer) podVolumeBackups(r *backupReport) {
	switch all := r.podVolumes.value; {
	case r.podVolumes.err != nil:
		d.printf("\tPod Volume Backups: %s\n", noPodVolumes(r.podVolumes.err))
	case len(all) == 0:
		d.printf("\tPod Volume Backups: %s\n", noneIncluded)
	default:
		d.podVolumes("\tPod Volume Backups - "+string(all[0].uploader), all, backupPhases, r.details)
	}
}

// noPodVolumes stands for volumes that cannot be listed.
func noPodVolumes(err error) string { return fmt.Sprintf("<error listing them: %v>", err) }

// deletions describes the requests to delete the backup.
func (d *describer) deletions(r *backupReport) {
	if len(r.deletions) == 0 {
		return
	}
	note := ""
	if failed := r.failedDeletions(); failed > 0 {
		note = fmt.Sprintf(" (%d failed)", failed)
	}
	d.println()
	d.printf("Deletion Attempts%s:\n", note)
	for i := range r.deletions {
		request := &r.deletions[i]
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
