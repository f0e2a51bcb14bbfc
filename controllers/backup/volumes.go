package backup

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
)

// snapshotLocation is a VolumeSnapshotLocation that was selected for a backup.
type snapshotLocation struct {
	name string
	snapshotter.Snapshotter
	// unanswered is for how many volumes in a row there was no answer.
	unanswered int
}

// patience is for how many volumes in a row an answer is waited for: for each of many that would take too long.
const patience = 3

// volumes takes the snapshots of a backup, and keeps account of them.
type volumes struct {
	backup    *velerov1.Backup
	locations []snapshotLocation
	record    *record.Record
	metrics   *metrics.Metrics
	now       func() time.Time

	snapshots []backups.Snapshot
	infos     []backups.VolumeInfo
}

// add offers a volume to each location until one of them knows it, and takes a snapshot there. That this fails makes the
// backup incomplete, but does not end it; that nobody knows the volume is worth a warning.
func (v *volumes) add(ctx context.Context, pv *corev1.PersistentVolume) {
	start := metav1.NewTime(v.now())
	info := backups.VolumeInfo{PVName: pv.Name, StartTimestamp: &start, PVInfo: &backups.PVInfo{
		ReclaimPolicy: string(pv.Spec.PersistentVolumeReclaimPolicy), Labels: pv.Labels,
	}}
	if claim := pv.Spec.ClaimRef; claim != nil {
		info.PVCNamespace, info.PVCName = claim.Namespace, claim.Name
	}
	v.describe(ctx, pv, &info)
	v.infos = append(v.infos, info)
}

func (v *volumes) describe(ctx context.Context, pv *corev1.PersistentVolume, info *backups.VolumeInfo) {
	if wanted := v.backup.Spec.SnapshotVolumes; wanted != nil && !*wanted {
		info.Skipped, info.SkippedReason = true, "spec.snapshotVolumes of the backup is false"
		return
	}
	location, id, err := v.locate(pv)
	switch {
	case err != nil:
		v.failed(pv, info, err)
	case location == nil:
		info.Skipped, info.SkippedReason = true, "no volume snapshot location of the backup is of the volume's provider"
		v.record.Doubtful(info.PVCNamespace, fmt.Sprintf("persistent volume %q: its data is not in the backup: %s", pv.Name, info.SkippedReason), "persistentvolume", pv.Name)
	default:
		v.snapshot(ctx, location, id, pv, info)
	}
}

// locate asks the locations, in order, whose volume it is. None: nil.
func (v *volumes) locate(pv *corev1.PersistentVolume) (*snapshotLocation, string, error) {
	for i := range v.locations {
		location := &v.locations[i]
		id, err := location.VolumeID(pv)
		if err != nil || id != "" {
			return location, id, err
		}
	}
	return nil, "", nil
}

func (v *volumes) snapshot(ctx context.Context, location *snapshotLocation, id string, pv *corev1.PersistentVolume, info *backups.VolumeInfo) {
	info.BackupMethod = backups.NativeSnapshot
	snapshot := backups.Snapshot{Spec: backups.SnapshotSpec{
		BackupName: v.backup.Name, BackupUID: string(v.backup.UID), Location: location.name,
		PersistentVolumeName: pv.Name, ProviderVolumeID: id,
	}}
	err := v.attempt(ctx, location, pv, &snapshot)
	v.metrics.SnapshotEnds(v.backup, err)
	if err != nil {
		snapshot.Status.Phase = backups.SnapshotFailed
		v.failed(pv, info, fmt.Errorf("volume snapshot location %q: %w", location.name, err))
	} else {
		snapshot.Status.Phase = backups.SnapshotCompleted
		info.Result = "succeeded"
		v.record.Info("Snapshot taken", "persistentvolume", pv.Name, "volume", id, "snapshot", snapshot.Status.ProviderSnapshotID, "location", location.name)
	}
	v.snapshots = append(v.snapshots, snapshot)
	end := metav1.NewTime(v.now())
	info.CompletionTimestamp = &end
	info.NativeSnapshotInfo = &backups.NativeSnapshotInfo{
		SnapshotHandle: snapshot.Status.ProviderSnapshotID, VolumeType: snapshot.Spec.VolumeType, VolumeAZ: snapshot.Spec.VolumeAZ,
		Phase: snapshot.Status.Phase,
	}
	if iops := snapshot.Spec.VolumeIOPS; iops != nil {
		info.NativeSnapshotInfo.IOPS = strconv.FormatInt(*iops, 10)
	}
}

// attempt takes a snapshot, unless the provider has not answered for several volumes in a row.
func (v *volumes) attempt(ctx context.Context, location *snapshotLocation, pv *corev1.PersistentVolume, snapshot *backups.Snapshot) error {
	if location.unanswered >= patience {
		return fmt.Errorf("it is not asked any more: for %d volumes in a row there was no answer", patience)
	}
	err := v.take(ctx, location, pv, snapshot)
	if snapshotter.ReasonOf(err) == snapshotter.Unreachable {
		location.unanswered++
	} else {
		location.unanswered = 0
	}
	return err
}

// take asks for the snapshot, and fills in what the provider says about the volume.
func (v *volumes) take(ctx context.Context, location *snapshotLocation, pv *corev1.PersistentVolume, snapshot *backups.Snapshot) error {
	id, zone := snapshot.Spec.ProviderVolumeID, snapshotter.ZoneOf(pv)
	snapshot.Spec.VolumeAZ = zone
	if err := snapshotter.CheckRegion(location, id, pv); err != nil {
		return err
	}
	volume, err := location.Volume(ctx, id, zone)
	if err != nil {
		return err
	}
	snapshot.Spec.VolumeType = volume.Type
	if volume.IOPS != 0 {
		snapshot.Spec.VolumeIOPS = &volume.IOPS
	}
	tags := map[string]string{}
	maps.Copy(tags, v.backup.Labels)
	maps.Copy(tags, backups.SnapshotTags(v.backup))
	tags[backups.VolumeTag] = pv.Name
	snapshot.Status.ProviderSnapshotID, err = location.CreateSnapshot(ctx, id, zone, tags)
	if snapshotter.ReasonOf(err) == snapshotter.Unreachable && v.find(ctx, location, snapshot) {
		return nil
	}
	return err
}

// find looks for a snapshot that was asked for, of which nobody knows whether it was taken: even if the controller is to
// stop, so that it is known which to delete.
func (v *volumes) find(ctx context.Context, location *snapshotLocation, snapshot *backups.Snapshot) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	tags := backups.SnapshotTags(v.backup)
	tags[backups.VolumeTag] = snapshot.Spec.PersistentVolumeName
	found, err := location.FindSnapshots(ctx, tags)
	if err != nil || len(found) == 0 {
		return false
	}
	snapshot.Status.ProviderSnapshotID = found[0]
	return true
}

func (v *volumes) failed(pv *corev1.PersistentVolume, info *backups.VolumeInfo, err error) {
	info.Result = "failed"
	v.record.Failed(info.PVCNamespace, fmt.Errorf("persistent volume %q: %w", pv.Name, err), "persistentvolume", pv.Name)
}

// completed counts the snapshots that were taken.
func (v *volumes) completed() int {
	n := 0
	for _, snapshot := range v.snapshots {
		if snapshot.Status.Phase == backups.SnapshotCompleted {
			n++
		}
	}
	return n
}

// discard deletes the snapshots of a backup that came to nothing. The error names those that cannot be deleted.
func (v *volumes) discard(ctx context.Context) error {
	var problems []error
	for _, snapshot := range v.snapshots {
		for i := range v.locations {
			id := snapshot.Status.ProviderSnapshotID
			if id == "" || v.locations[i].name != snapshot.Spec.Location {
				continue
			}
			if err := v.locations[i].DeleteSnapshot(ctx, id); err != nil {
				problems = append(problems, fmt.Errorf("deleting snapshot %s again: %w", id, err))
			}
		}
	}
	return errors.Join(problems...)
}
