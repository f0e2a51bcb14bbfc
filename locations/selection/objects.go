package selection

import v1 "github.com/velero-locations/velero-locations/apis/velero/v1"

// RequestOf returns what the spec of a backup asks for.
func RequestOf(spec *v1.BackupSpec) Request {
	return Request{
		StorageLocation: spec.StorageLocation, VolumeSnapshotLocations: spec.VolumeSnapshotLocations, SnapshotVolumes: spec.SnapshotVolumes,
	}
}

// LocationsOf returns what matters of the locations of a namespace.
func LocationsOf(storage []*v1.BackupStorageLocation, snapshots []*v1.VolumeSnapshotLocation) Locations {
	var all Locations
	for _, l := range storage {
		all.Storage = append(all.Storage, StorageLocation{
			Name: l.Name, Default: l.Spec.Default, ReadOnly: l.Spec.AccessMode == v1.AccessModeReadOnly,
			Status: Status{Phase: string(l.Status.Phase), Message: l.Status.Message},
		})
	}
	for _, l := range snapshots {
		all.Snapshots = append(all.Snapshots, SnapshotLocation{
			Name: l.Name, Provider: l.Spec.Provider, Config: l.Spec.Config,
			Status: Status{Phase: string(l.Status.Phase), Message: l.Status.Message},
		})
	}
	return all
}
