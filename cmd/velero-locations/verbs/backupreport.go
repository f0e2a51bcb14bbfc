package verbs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	podVolumes  reading[[]podVolume]
	deletions   []v1.DeleteBackupRequest
}

// reading is what was read, or why it could not be.
type reading[T any] struct {
	value T
	err   error
}

// fileReader reads files of a backup or of a restore.
type fileReader struct {
	*files
	*connection
	clientset versioned.Interface
	of        filed
	// none says that it has none yet.
	none bool
}

// backupReader reads what belongs to a backup.
type backupReader struct {
	fileReader
	backup *v1.Backup
}

func newBackupReader(files *files, c *connection, clientset versioned.Interface, b *v1.Backup) *backupReader {
	return &backupReader{fileReader{files, c, clientset, filesOfBackup(b), !backupFiles(b.Status.Phase)}, b}
}

func (r *backupReader) report(ctx context.Context, details bool) *backupReport {
	report := &backupReport{backup: r.backup, details: details}
	if status := r.backup.Status; status.Warnings > 0 || status.Errors > 0 {
		report.outcome = readFile[backups.Outcome](ctx, &r.fileReader, v1.DownloadTargetKindBackupResults)
	}
	if details {
		report.resources = readFile[backups.Names](ctx, &r.fileReader, v1.DownloadTargetKindBackupResourceList)
	}
	report.volumes = readFile[[]backups.VolumeInfo](ctx, &r.fileReader, v1.DownloadTargetKindBackupVolumeInfos)
	if errors.Is(report.volumes.err, errNoFile) {
		report.volumes.err, report.volumesOpen = nil, true
	}
	if list, err := r.clientset.VeleroV1().PodVolumeBackups(r.backup.Namespace).List(ctx, r.belonging(false)); err != nil {
		report.podVolumes.err = err
	} else {
		for i := range list.Items {
			report.podVolumes.value = append(report.podVolumes.value, podVolumeBackup(&list.Items[i]))
		}
	}
	if list, err := r.clientset.VeleroV1().DeleteBackupRequests(r.backup.Namespace).List(ctx, r.belonging(true)); err != nil {
		fmt.Fprintf(r.ErrOut, "Warning: listing the requests to delete backup %q: %v\n", r.backup.Name, err)
	} else {
		report.deletions = list.Items
	}
	return report
}

// firstError counts the errors of what has ended, and quotes the first of its results; or says where to look for them.
func (r *fileReader) firstError(ctx context.Context, results v1.DownloadTargetKind, count int) string {
	number := locations.Count(count, "error")
	outcome := readFile[backups.Outcome](ctx, r, results)
	first := outcome.value.Errors.First()
	switch {
	case outcome.err != nil:
		return fmt.Sprintf("%s, which could not be read here (%v): see `velero %s logs %s`", number, outcome.err, r.of.noun, r.of.name)
	case first == "":
		return fmt.Sprintf("%s: see `velero %s logs %s`", number, r.of.noun, r.of.name)
	case count > 1:
		return number + ", the first: " + first
	}
	return number + ": " + first
}

// readFile reads a file of JSON.
func readFile[T any](ctx context.Context, r *fileReader, kind v1.DownloadTargetKind) (read reading[T]) {
	if r.none {
		return reading[T]{err: errNoFile}
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	file, err := r.open(ctx, r.connection, r.clientset, r.of, kind)
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
