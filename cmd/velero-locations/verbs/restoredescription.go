package verbs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/locations"
)

// restoreNameLabel names, in its label, the restore of a PodVolumeRestore.
const restoreNameLabel = "velero.io/restore-name"

// restoreDescription describes restores, from their records and from their files in the bucket. A file that cannot be read is said
// to be so in its place.
type restoreDescription struct {
	files   files
	details bool
}

func (o *restoreDescription) addFlags(cmd *cobra.Command) {
	o.files.timeout = 30 * time.Second
	o.files.addFlags(cmd)
	cmd.Flags().BoolVar(&o.details, "details", false, "Describe volumes and list the objects, too")
}

func (o *restoreDescription) describe(ctx context.Context, c *connection, clientset versioned.Interface, r *v1.Restore) string {
	reader := newRestoreReader(ctx, &o.files, c, clientset, r)
	report := &restoreReport{restore: r, details: o.details}
	if r.Status.Warnings > 0 || r.Status.Errors > 0 {
		report.outcome = readFile[backups.Outcome](ctx, reader, v1.DownloadTargetKindRestoreResults)
	}
	if o.details {
		report.resources = readFile[backups.Names](ctx, reader, v1.DownloadTargetKindRestoreResourceList)
	}
	report.volumes = readFile[[]backups.RestoredVolume](ctx, reader, v1.DownloadTargetKindRestoreVolumeInfo)
	selector := labels.Set{restoreNameLabel: locations.LabelValue(r.Name)}
	list, err := clientset.VeleroV1().PodVolumeRestores(r.Namespace).List(ctx, metav1.ListOptions{LabelSelector: selector.String()})
	if err != nil {
		fmt.Fprintf(c.ErrOut, "Warning: listing the PodVolumeRestores of restore %q: %v\n", r.Name, err)
	} else {
		for i := range list.Items {
			report.podVolumes = append(report.podVolumes, podVolumeRestore(&list.Items[i]))
		}
	}
	return describe(func(d *describer) { d.restore(report) })
}

func newRestoreReader(ctx context.Context, files *files, c *connection, clientset versioned.Interface, r *v1.Restore) *fileReader {
	reader := &fileReader{files: files, connection: c, clientset: clientset, none: !restoreFiles(r.Status.Phase)}
	if reader.none {
		return reader
	}
	var err error
	if reader.of, err = filesOfRestore(ctx, clientset, r); err != nil {
		fmt.Fprintf(c.ErrOut, "Warning: %v\n", err)
		reader.none = true
	}
	return reader
}

// restoreReport is what there is to tell of a restore.
type restoreReport struct {
	restore *v1.Restore
	details bool
	// outcome is read if there are warnings or errors, resources if details are wanted.
	outcome    reading[backups.Outcome]
	resources  reading[backups.Names]
	volumes    reading[[]backups.RestoredVolume]
	podVolumes []podVolume
}

// restore tells a report in Velero's words.
func (d *describer) restore(r *restoreReport) {
	spec, status := &r.restore.Spec, &r.restore.Status
	d.metadata(r.restore)
	d.println()
	d.restorePhase(r.restore)
	d.validationErrors(status.ValidationErrors)
	if status.Warnings > 0 || status.Errors > 0 {
		d.outcome(r.outcome, status.Warnings, status.Errors)
	}
	d.println()
	d.restoreSpec(spec)
	if len(r.podVolumes) > 0 {
		d.println()
		d.podVolumes(string(r.podVolumes[0].uploader)+" Restores", r.podVolumes, restorePhases, r.details)
	}
	d.csiRestores(r)
	d.println()
	d.printf("Existing Resource Policy: \t%s\n", orNone(string(spec.ExistingResourcePolicy)))
	d.printf("ItemOperationTimeout:\t%s\n", spec.ItemOperationTimeout.Duration)
	d.println()
	d.printf("Preserve Service NodePorts:\t%s\n", choose(spec.PreserveNodePorts, "true", "false"))
	d.configMap("Resource modifier", spec.ResourceModifier)
	d.configMap("Resource policies", spec.ResourcePolicy)
	if uploader := spec.UploaderConfig; uploader != nil {
		d.println()
		d.printf("Uploader config:\n")
		if uploader.WriteSparseFiles != nil && *uploader.WriteSparseFiles {
			d.printf("\tWrite Sparse Files:\ttrue\n")
		}
		if uploader.ParallelFilesDownload > 0 {
			d.printf("\tParallel Restore:\t%d\n", uploader.ParallelFilesDownload)
		}
	}
	d.println()
	if status.RestoreItemOperationsAttempted > 0 {
		d.printf("Restore Item Operations:\t%d of %d completed successfully, %d failed\n",
			status.RestoreItemOperationsCompleted, status.RestoreItemOperationsAttempted, status.RestoreItemOperationsFailed)
	}
	if hooks := status.HookStatus; hooks != nil {
		d.println()
		d.printf("HooksAttempted: \t%d\n", hooks.HooksAttempted)
		d.printf("HooksFailed: \t%d\n", hooks.HooksFailed)
	}
	if r.details {
		d.println()
		d.resourceList("restore", r.resources)
	}
}

func (d *describer) restorePhase(r *v1.Restore) {
	status, note := &r.Status, ""
	if r.DeletionTimestamp != nil {
		note = " (Deleting)"
	}
	if status.Phase == v1.RestorePhaseFailed || status.Phase == v1.RestorePhasePartiallyFailed {
		note += fmt.Sprintf(" (run 'velero restore logs %s' for more information)", r.Name)
	}
	d.printf("Phase:\t%s%s\n", cmp.Or(status.Phase, v1.RestorePhaseNew), note)
	if progress := status.Progress; progress != nil {
		total, done := "Total items to be restored", "Items restored"
		if status.Phase == v1.RestorePhaseInProgress {
			total, done = "Estimated total items to be restored", "Items restored so far"
		}
		d.printf("%s:\t%d\n", total, progress.TotalItems)
		d.printf("%s:\t%d\n", done, progress.ItemsRestored)
	}
	if status.FailureReason != "" {
		d.println()
		d.printf("Failure reason:\t%s\n", status.FailureReason)
	}
	d.println()
	d.printf("Started:\t%s\n", timeOr(status.StartTimestamp, "<n/a>"))
	d.printf("Completed:\t%s\n", timeOr(status.CompletionTimestamp, "<n/a>"))
}

// restoreSpec describes what is restored.
func (d *describer) restoreSpec(spec *v1.RestoreSpec) {
	d.printf("Backup:\t%s\n", spec.BackupName)
	d.println()
	d.printf("Namespaces:\n")
	included := spec.IncludedNamespaces
	if slices.Equal(included, []string{"*"}) {
		included = nil
	}
	d.printf("\tIncluded:\t%s\n", listOr(included, "all namespaces found in the backup"))
	d.printf("\tExcluded:\t%s\n", listOr(spec.ExcludedNamespaces, none))
	d.println()
	d.printf("Resources:\n")
	d.included("\t", spec.IncludedResources, spec.ExcludedResources)
	d.printf("\tCluster-scoped:\t%s\n", choose(spec.IncludeClusterResources, "included", "excluded"))
	d.println()
	d.pairs("Namespace mappings", spec.NamespaceMapping)
	d.println()
	d.labelSelectors(spec.LabelSelector, spec.OrLabelSelectors)
	d.println()
	d.printf("Restore PVs:\t%s\n", choose(spec.RestorePVs, "true", "false"))
}

// csiRestores describes what was restored by CSI drivers. Where there is no file that says so, there is nothing to tell.
func (d *describer) csiRestores(r *restoreReport) {
	switch err := r.volumes.err; {
	case errors.Is(err, errNoFile):
		return
	case err != nil:
		d.printf("\t<error getting restore volume info: %v>\n", err)
		return
	}
	infos := slices.DeleteFunc(slices.Clone(r.volumes.value), func(info backups.RestoredVolume) bool { return info.RestoreMethod != backups.CSISnapshot })
	d.println()
	if len(infos) == 0 {
		d.printf("CSI Snapshot Restores: %s\n", noneIncluded)
		return
	}
	d.printf("CSI Snapshot Restores:\n")
	for _, moved := range []bool{false, true} {
		for _, info := range infos {
			if info.SnapshotDataMoved == moved {
				d.csiRestore(info, r.details)
			}
		}
	}
}

func (d *describer) csiRestore(info backups.RestoredVolume, details bool) {
	d.printf("\t%s/%s:\n", info.PVCNamespace, info.PVCName)
	heading := "Snapshot"
	if info.SnapshotDataMoved {
		heading = "Data Movement"
	}
	if !details {
		d.printf("\t\t%s: %s\n", heading, forDetails)
		return
	}
	d.printf("\t\t%s:\n", heading)
	if info.SnapshotDataMoved {
		movement := cmp.Or(info.SnapshotDataMovementInfo, &backups.SnapshotDataMovementInfo{})
		d.printf("\t\t\tOperation ID: %s\n", movement.OperationID)
		d.printf("\t\t\tData Mover: %s\n", movement.DataMover)
		d.printf("\t\t\tUploader Type: %s\n", movement.UploaderType)
		return
	}
	snapshot := cmp.Or(info.CSISnapshotInfo, &backups.CSISnapshotInfo{})
	d.printf("\t\t\tSnapshot Content Name: %s\n", snapshot.VSCName)
	d.printf("\t\t\tStorage Snapshot ID: %s\n", snapshot.SnapshotHandle)
	d.printf("\t\t\tCSI Driver: %s\n", snapshot.Driver)
}
