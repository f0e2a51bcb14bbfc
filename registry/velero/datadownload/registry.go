// Package datadownload is the registry of kind DataDownload.
package datadownload

import (
	"k8s.io/apimachinery/pkg/fields"

	"github.com/velero-locations/velero-locations/apis/velero/v2alpha1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type download = *v2alpha1.DataDownload

// Resource serves moves of data into volumes.
type Resource = generic.Resource[download, *v2alpha1.DataDownloadList]

// New returns the kind's resource in a server. The columns are those of Velero's CRD.
func New(*generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v2alpha1.SchemeGroupVersion,
		Plural:       "datadownloads",
		Categories:   []string{"velero"},
		Columns: table.Columns[download]{
			{Name: "Status", Description: "How far the copy has come.", Value: func(d download) any { return string(d.Status.Phase) }},
			{Name: "Started", Type: "date", Description: "Time since the copy began.", Value: func(d download) any { return d.Status.StartTimestamp }},
			{Name: "Bytes Done", Type: "integer", Description: "How many bytes have been copied.", Value: func(d download) any { return table.NonZero(d.Status.Progress.BytesDone) }},
			{Name: "Total Bytes", Type: "integer", Description: "How many bytes there are.", Value: func(d download) any { return table.NonZero(d.Status.Progress.TotalBytes) }},
			{Name: "Storage Location", Description: "Backup storage location that the data come from.", Value: func(d download) any { return d.Spec.BackupStorageLocation }},
			table.Age[download](),
			{Name: "Node", Description: "Node that copies.", Value: func(d download) any { return d.Status.Node }},
		},
		Spec: func(d download) any { return d.Spec },
		Fields: func(d download) fields.Set {
			return fields.Set{
				"spec.backupStorageLocation": d.Spec.BackupStorageLocation,
				"status.node":                d.Status.Node,
				"status.phase":               string(d.Status.Phase),
			}
		},
		Validate: validation.DataDownload,
	}
}
