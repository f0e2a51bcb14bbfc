// Package backuprepository is the registry of kind BackupRepository.
package backuprepository

import (
	"k8s.io/apimachinery/pkg/fields"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/validation"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type repository = *v1.BackupRepository

// Resource serves repositories.
type Resource = generic.Resource[repository, *v1.BackupRepositoryList]

// New returns the kind's resource in a server. The first columns are those of Velero's CRD.
func New(*generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "backuprepositories",
		Categories:   []string{"velero"},
		Columns: table.Columns[repository]{
			table.Age[repository](),
			{Name: "Repository Type", Description: "What keeps the data.", Value: func(r repository) any { return string(r.Spec.RepositoryType) }},
			{Name: "Status", Priority: 1, Description: "Whether the repository can be used.", Value: func(r repository) any { return string(r.Status.Phase) }},
			{Name: "Storage Location", Priority: 1, Description: "Backup storage location that the repository is in.", Value: func(r repository) any { return r.Spec.BackupStorageLocation }},
			{Name: "Namespace", Priority: 1, Description: "Namespace whose volumes' data are kept here.", Value: func(r repository) any { return r.Spec.VolumeNamespace }},
			{Name: "Last Maintained", Type: "date", Priority: 1, Description: "Time since the repository was last maintained successfully.", Value: func(r repository) any { return r.Status.LastMaintenanceTime }},
		},
		Spec: func(r repository) any { return r.Spec },
		Fields: func(r repository) fields.Set {
			return fields.Set{
				"spec.backupStorageLocation": r.Spec.BackupStorageLocation,
				"spec.volumeNamespace":       r.Spec.VolumeNamespace,
				"status.phase":               string(r.Status.Phase),
			}
		},
		Validate: validation.BackupRepository,
	}
}
