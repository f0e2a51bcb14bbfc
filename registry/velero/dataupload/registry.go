// Package dataupload is the registry of kind DataUpload.
package dataupload

import (
	"k8s.io/apimachinery/pkg/fields"

	"github.com/velero-locations/velero-locations/apis/velero/v2alpha1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type upload = *v2alpha1.DataUpload

// Resource serves moves of snapshots' data.
type Resource = generic.Resource[upload, *v2alpha1.DataUploadList]

// New returns the kind's resource in a server. The columns are those of Velero's CRD.
func New(*generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v2alpha1.SchemeGroupVersion,
		Plural:       "datauploads",
		Categories:   []string{"velero"},
		Columns: table.Columns[upload]{
			{Name: "Status", Description: "How far the copy has come.", Value: func(u upload) any { return string(u.Status.Phase) }},
			{Name: "Started", Type: "date", Description: "Time since the copy began.", Value: func(u upload) any { return u.Status.StartTimestamp }},
			{Name: "Bytes Done", Type: "integer", Description: "How many bytes have been copied.", Value: func(u upload) any { return table.NonZero(u.Status.Progress.BytesDone) }},
			{Name: "Total Bytes", Type: "integer", Description: "How many bytes there are.", Value: func(u upload) any { return table.NonZero(u.Status.Progress.TotalBytes) }},
			{Name: "Incremental Bytes", Type: "integer", Priority: 10, Description: "How many bytes were not yet there from an earlier copy.", Value: func(u upload) any { return table.NonZero(u.Status.IncrementalBytes) }},
			{Name: "Storage Location", Description: "Backup storage location that the data go to.", Value: func(u upload) any { return u.Spec.BackupStorageLocation }},
			table.Age[upload](),
			{Name: "Node", Description: "Node that copies.", Value: func(u upload) any { return u.Status.Node }},
		},
		Spec: func(u upload) any { return u.Spec },
		Fields: func(u upload) fields.Set {
			return fields.Set{
				"spec.backupStorageLocation": u.Spec.BackupStorageLocation,
				"status.node":                u.Status.Node,
				"status.phase":               string(u.Status.Phase),
			}
		},
		Validate: validation.DataUpload,
	}
}
