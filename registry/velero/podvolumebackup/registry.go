// Package podvolumebackup is the registry of kind PodVolumeBackup.
package podvolumebackup

import (
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type podVolumeBackup = *v1.PodVolumeBackup

// Resource serves copies of pods' volumes.
type Resource = generic.Resource[podVolumeBackup, *v1.PodVolumeBackupList]

// New returns the kind's resource in a server. The columns are those of Velero's CRD. Its Node is that of
// a field of the status that is not there; this one is that of the pod.
func New(*generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "podvolumebackups",
		Categories:   []string{"velero"},
		Columns: table.Columns[podVolumeBackup]{
			{Name: "Status", Description: "How far the copy has come.", Value: func(b podVolumeBackup) any { return string(b.Status.Phase) }},
			{Name: "Started", Type: "date", Description: "Time since the copy began.", Value: func(b podVolumeBackup) any { return b.Status.StartTimestamp }},
			{Name: "Bytes Done", Type: "integer", Description: "How many bytes have been copied.", Value: func(b podVolumeBackup) any { return table.NonZero(b.Status.Progress.BytesDone) }},
			{Name: "Total Bytes", Type: "integer", Description: "How many bytes there are.", Value: func(b podVolumeBackup) any { return table.NonZero(b.Status.Progress.TotalBytes) }},
			{Name: "Incremental Bytes", Type: "integer", Priority: 10, Description: "How many bytes were not yet there from an earlier copy.", Value: func(b podVolumeBackup) any { return table.NonZero(b.Status.IncrementalBytes) }},
			{Name: "Storage Location", Description: "Backup storage location that the data go to.", Value: func(b podVolumeBackup) any { return b.Spec.BackupStorageLocation }},
			table.Age[podVolumeBackup](),
			{Name: "Node", Description: "Node that the pod runs on.", Value: func(b podVolumeBackup) any { return b.Spec.Node }},
			{Name: "Uploader", Description: "What copies the files.", Value: func(b podVolumeBackup) any { return string(b.Spec.UploaderType) }},
		},
		Spec: func(b podVolumeBackup) any { return b.Spec },
		Fields: func(b podVolumeBackup) fields.Set {
			return fields.Set{
				"spec.backupStorageLocation": b.Spec.BackupStorageLocation,
				"spec.node":                  b.Spec.Node,
				"status.phase":               string(b.Status.Phase),
			}
		},
		Validate: validation.PodVolumeBackup,
	}
}
