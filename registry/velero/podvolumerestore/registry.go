// Package podvolumerestore is the registry of kind PodVolumeRestore.
package podvolumerestore

import (
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type podVolumeRestore = *v1.PodVolumeRestore

// Resource serves restores of pods' volumes.
type Resource = generic.Resource[podVolumeRestore, *v1.PodVolumeRestoreList]

// New returns the kind's resource in a server. The columns are those of Velero's CRD.
func New(*generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "podvolumerestores",
		Categories:   []string{"velero"},
		Columns: table.Columns[podVolumeRestore]{
			{Name: "Status", Description: "How far the copy has come.", Value: func(r podVolumeRestore) any { return string(r.Status.Phase) }},
			{Name: "Started", Type: "date", Description: "Time since the copy began.", Value: func(r podVolumeRestore) any { return r.Status.StartTimestamp }},
			{Name: "Bytes Done", Type: "integer", Description: "How many bytes have been copied.", Value: func(r podVolumeRestore) any { return table.NonZero(r.Status.Progress.BytesDone) }},
			{Name: "Total Bytes", Type: "integer", Description: "How many bytes there are.", Value: func(r podVolumeRestore) any { return table.NonZero(r.Status.Progress.TotalBytes) }},
			{Name: "Storage Location", Description: "Backup storage location that the data come from.", Value: func(r podVolumeRestore) any { return r.Spec.BackupStorageLocation }},
			table.Age[podVolumeRestore](),
			{Name: "Node", Description: "Node that copies.", Value: func(r podVolumeRestore) any { return r.Status.Node }},
			{Name: "Uploader Type", Description: "What copies the files.", Value: func(r podVolumeRestore) any { return string(r.Spec.UploaderType) }},
		},
		Spec: func(r podVolumeRestore) any { return r.Spec },
		Fields: func(r podVolumeRestore) fields.Set {
			return fields.Set{
				"spec.backupStorageLocation": r.Spec.BackupStorageLocation,
				"status.node":                r.Status.Node,
				"status.phase":               string(r.Status.Phase),
			}
		},
		Validate: validation.PodVolumeRestore,
	}
}
