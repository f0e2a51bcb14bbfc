package backups

import velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"

// Labels that say which backup an object belongs to.
const (
	// NameLabel is the backup's name, in the form of locations.LabelValue.
	NameLabel = "velero.io/backup-name"
	// UIDLabel is the backup's UID.
	UIDLabel = "velero.io/backup-uid"
)

// Tags of snapshots, as Velero sets them.
const (
	// NameTag is the name of the backup.
	NameTag = "velero.io/backup"
	// VolumeTag is the name of the PersistentVolume.
	VolumeTag = "velero.io/pv"
)

// SnapshotTags are the tags by which a backup's snapshots are told from all others. Velero's plugins give a restored volume
// the tags of the snapshot, and the next snapshot those of the volume, but its own name of the backup: so neither the UID
// nor the name alone would do.
func SnapshotTags(backup *velerov1.Backup) map[string]string {
	return map[string]string{NameTag: backup.Name, UIDLabel: string(backup.UID)}
}
