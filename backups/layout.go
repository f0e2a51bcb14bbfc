// Package backups is the form of backups: as a schedule makes them, and as they lie in object storage, their keys, the tarball of
// what was backed up, and the files beside it, as Velero 1.18 writes and reads them. A Store is the backups of one place.
package backups

import (
	"strings"

	"github.com/velero-locations/velero-locations/locations"
)

// FormatVersion is the version of the form, in status.formatVersion and in the tarball.
const FormatVersion = "1.1.0"

// File is one of the files of a backup or of a restore: the pattern of its key, with {} for the name.
type File string

// The files of a backup. That Metadata is there says that the backup is; it holds the Backup itself.
const (
	Metadata         File = "backups/{}/velero-backup.json"
	Contents         File = "backups/{}/{}.tar.gz"
	Log              File = "backups/{}/{}-logs.gz"
	Results          File = "backups/{}/{}-results.gz"
	ResourceList     File = "backups/{}/{}-resource-list.json.gz"
	PodVolumeBackups File = "backups/{}/{}-podvolumebackups.json.gz"
	VolumeSnapshots  File = "backups/{}/{}-volumesnapshots.json.gz"
	VolumeInfos      File = "backups/{}/{}-volumeinfo.json.gz"
	ItemOperations   File = "backups/{}/{}-itemoperations.json.gz"
)

// The files of a restore, in the place of its backup.
const (
	RestoreLog            File = "restores/{}/restore-{}-logs.gz"
	RestoreResults        File = "restores/{}/restore-{}-results.gz"
	RestoreResourceList   File = "restores/{}/restore-{}-resource-list.json.gz"
	RestoreItemOperations File = "restores/{}/restore-{}-itemoperations.json.gz"
	RestoreVolumeInfos    File = "restores/{}/{}-volumeinfo.json.gz"
)

// targets are the files that a DownloadRequest names, by the kind of its target.
var targets = map[string]File{
	"BackupLog":                       Log,
	"BackupContents":                  Contents,
	"BackupVolumeSnapshots":           VolumeSnapshots,
	"BackupItemOperations":            ItemOperations,
	"BackupResourceList":              ResourceList,
	"BackupResults":                   Results,
	"BackupVolumeInfos":               VolumeInfos,
	"CSIBackupVolumeSnapshots":        "backups/{}/{}-csi-volumesnapshots.json.gz",
	"CSIBackupVolumeSnapshotContents": "backups/{}/{}-csi-volumesnapshotcontents.json.gz",
	"RestoreLog":                      RestoreLog,
	"RestoreResults":                  RestoreResults,
	"RestoreResourceList":             RestoreResourceList,
	"RestoreItemOperations":           RestoreItemOperations,
	"RestoreVolumeInfo":               RestoreVolumeInfos,
}

// Target returns the file that a DownloadRequest means by the kind of its target; false: no such kind.
func Target(kind string) (File, bool) {
	file, found := targets[kind]
	return file, found
}

// OfRestore says that the file belongs to a restore, not to a backup.
func (f File) OfRestore() bool { return strings.HasPrefix(string(f), "restores/") }

// Key is where the file of the backup, or restore, of that name is.
func (f File) Key(place locations.Place, name string) string {
	return place.Root() + strings.ReplaceAll(string(f), "{}", name)
}

// root is what the keys of all backups in a place begin with.
func root(place locations.Place) string { return place.Root() + "backups/" }

// restoreDirectory is what the keys of all files of a restore begin with.
func restoreDirectory(place locations.Place, name string) string {
	return place.Root() + "restores/" + name + "/"
}

// directory is what the keys of all files of a backup begin with.
func directory(place locations.Place, name string) string { return root(place) + name + "/" }
