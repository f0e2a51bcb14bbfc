package verbs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/internal/bounded"
	"github.com/velero-locations/velero-locations/locations"
)

// backupReport is what there is to tell of a backup, in whichever format.
type backupReport struct {
	backup  *v1.Backup
	details bool
	// outcome is read if there are warnings or errors, resources if details are wanted.
	outcome   reading[backups.Outcome]
	resources reading[backups.Names]
	// volumes are none of a backup without the file, which leaves open whether there are any.
	volumes     reading[[]backups.VolumeInfo]
	volumesOpen bool
	podVolumes  reading[[]v1.PodVolumeBackup]
	deletions   []v1.DeleteBackupRequest
}

// reading is what was read, or why it could not be.
type reading[T any] struct {
	value T
	err   error
}

// backupReader reads what belongs to a backup.
type backupReader struct {
	*files
	*connection
	clientset versioned.Interface
	backup    *v1.Backup
}

func (r *backupReader) report(ctx context.Context, details bool) *backupReport {
	report := &backupReport{backup: r.backup, details: details}
	if status := r.backup.Status; status.Warnings > 0 || status.Errors > 0 {
		report.outcome = readFile[backups.Outcome](ctx, r, v1.DownloadTargetKindBackupResults)
	}
	if details {
		report.resources = readFile[backups.Names](ctx, r, v1.DownloadTargetKindBackupResourceList)
	}
	report.volumes = readFile[[]backups.VolumeInfo](ctx, r, v1.DownloadTargetKindBackupVolumeInfos)
	if errors.Is(report.volumes.err, errNoFile) {
		report.volumes.err, report.volumesOpen = nil, true
	}
	if list, err := r.clientset.VeleroV1().PodVolumeBackups(r.backup.Namespace).List(ctx, r.belonging(false)); err != nil {
		report.podVolumes.err = err
	} else {
		report.podVolumes.value = list.Items
	}
	if list, err := r.clientset.VeleroV1().DeleteBackupRequests(r.backup.Namespace).List(ctx, r.belonging(true)); err != nil {
		fmt.Fprintf(r.ErrOut, "Warning: listing the requests to delete backup %q: %v\n", r.backup.Name, err)
	} else {
		report.deletions = list.Items
	}
	return report
}

// firstError counts the errors of a backup that has ended, and quotes the first; or says where to look for them.
func (r *backupReader) firstError(ctx context.Context) string {
	number := locations.Count(r.backup.Status.Errors, "error")
	outcome := readFile[backups.Outcome](ctx, r, v1.DownloadTargetKindBackupResults)
	first := outcome.value.Errors.First()
	switch {
	case outcome.err != nil:
		return fmt.Sprintf("%s, which could not be read here (%v): see `velero backup logs %s`", number, outcome.err, r.backup.Name)
	case first == "":
		return fmt.Sprintf("%s: see `velero backup logs %s`", number, r.backup.Name)
	case r.backup.Status.Errors > 1:
		return number + ", the first: " + first
	}
	return number + ": " + first
}

// readFile reads a file of JSON.
func readFile[T any](ctx context.Context, r *backupReader, kind v1.DownloadTargetKind) (read reading[T]) {
	if !backupFiles(r.backup.Status.Phase) {
		return reading[T]{err: errNoFile}
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	file, err := r.open(ctx, r.connection, r.clientset, r.backup, kind)
	if err != nil {
		return reading[T]{err: err}
	}
	defer file.Close() //nolint:errcheck // it was only read
	if err := json.NewDecoder(bounded.NewReader(file, bounded.List)).Decode(&read.value); err != nil {
		return reading[T]{err: fmt.Errorf("decoding the file: %w", err)}
	}
	return read
}

// belonging selects what is labelled as the backup's.
func (r *backupReader) belonging(withUID bool) metav1.ListOptions {
	set := labels.Set{backups.NameLabel: locations.LabelValue(r.backup.Name)}
	if withUID {
		set[backups.UIDLabel] = string(r.backup.UID)
	}
	return metav1.ListOptions{LabelSelector: set.String()}
}

// volumesBy returns the volumes that were backed up by a method.
func (r *backupReport) volumesBy(method string) []backups.VolumeInfo {
	return slices.DeleteFunc(slices.Clone(r.volumes.value), func(info backups.VolumeInfo) bool { return info.BackupMethod != method })
}

// noCSISnapshots stands for snapshots by CSI drivers where there are none.
func (r *backupReport) noCSISnapshots() string {
	if r.volumesOpen {
		return "<none included or not detectable>"
	}
	return noneIncluded
}

// failedDeletions counts the requests to delete the backup that went wrong.
func (r *backupReport) failedDeletions() int {
	failed := 0
	for i := range r.deletions {
		if len(r.deletions[i].Status.Errors) > 0 {
			failed++
		}
	}
	return failed
}

// podVolumePhase has the volumes of pods whose files were read, as far as one phase.
type podVolumePhase struct {
	name  string
	count int
	pods  []podVolumes
}

// podVolumes are the volumes of one pod, with what there is to say of their sizes.
type podVolumes struct {
	pod     string
	volumes []string
}

// inProgress is what Velero's client calls the phase InProgress.
const inProgress = "In Progress"

// podVolumeOrder is the order in which Velero's client tells of phases.
var podVolumeOrder = []string{
	string(v1.DataMovePhaseCompleted), string(v1.DataMovePhaseFailed), string(v1.DataMovePhaseCanceled), inProgress,
	string(v1.DataMovePhaseCanceling), string(v1.DataMovePhasePrepared), string(v1.DataMovePhaseAccepted), string(v1.DataMovePhaseNew),
}

// podVolumePhases groups by phase, and by pod.
func (r *backupReport) podVolumePhases() []podVolumePhase {
	var phases []podVolumePhase
	for _, name := range podVolumeOrder {
		phase := podVolumePhase{name: name}
		volumes := map[string][]string{}
		for i := range r.podVolumes.value {
			one := &r.podVolumes.value[i]
			if phaseOf(one) == name {
				pod := one.Spec.Pod.Namespace + "/" + one.Spec.Pod.Name
				volumes[pod] = append(volumes[pod], one.Spec.Volume+sizeOf(one))
				phase.count++
			}
		}
		for _, pod := range slices.Sorted(maps.Keys(volumes)) {
			phase.pods = append(phase.pods, podVolumes{pod, slices.Sorted(slices.Values(volumes[pod]))})
		}
		if phase.count > 0 {
			phases = append(phases, phase)
		}
	}
	return phases
}

func phaseOf(one *v1.PodVolumeBackup) string {
	if one.Status.Phase == v1.DataMovePhaseInProgress {
		return inProgress
	}
	return string(cmp.Or(one.Status.Phase, v1.DataMovePhaseNew))
}

// sizeOf says how much was read so far, or in all.
func sizeOf(one *v1.PodVolumeBackup) string {
	progress, incremental := one.Status.Progress, one.Status.IncrementalBytes
	switch phase := one.Status.Phase; {
	case phase == v1.DataMovePhaseInProgress && progress.TotalBytes > 0:
		return fmt.Sprintf(" (%.2f%%)", 100*float64(progress.BytesDone)/float64(progress.TotalBytes))
	case phase == v1.DataMovePhaseCompleted && incremental > 0:
		return fmt.Sprintf(" (size: %d, incremental size: %d)", progress.TotalBytes, incremental)
	case phase == v1.DataMovePhaseCompleted && progress.TotalBytes > 0:
		return fmt.Sprintf(" (size: %d)", progress.TotalBytes)
	default:
		return ""
	}
}
