package deletebackuprequest

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/registry/generic"
)

var backupName = field.NewPath("spec", "backupName")

// deletable refuses a request that is carried out at once, and can only fail.
func deletable(ctx context.Context, view *generic.View, r, old request) field.ErrorList {
	if old != nil || !isNew(r) || r.Spec.BackupName == "" {
		return nil
	}
	backup, err := generic.Get[*v1.Backup](ctx, view, v1.Resource("backups"), r.Spec.BackupName)
	if err != nil {
		return generic.Referred(err, backupName, r.Spec.BackupName, fmt.Sprintf(
			"there is no such backup in namespace %q: it is deleted, or its record is not synced from its location yet", r.Namespace))
	}
	location, err := locationOf(ctx, view, backup)
	switch {
	case err != nil:
		return generic.Referred(err, backupName, r.Spec.BackupName, fmt.Sprintf(
			"the backup storage location of the backup, %q, is not there: make it again, or delete the record alone, with kubectl delete backups.velero.io %s -n %s",
			backup.Spec.StorageLocation, backup.Name, backup.Namespace))
	case location.Spec.AccessMode == v1.AccessModeReadOnly:
		return field.ErrorList{field.Forbidden(backupName, fmt.Sprintf(
			"the backup storage location of the backup, %q, is read-only, and nothing in it can be deleted: set its spec.accessMode to ReadWrite first", location.Name))}
	}
	return nil
}

// unavailable warns of a location in which nothing can be deleted as long as it is as it was when it was last checked.
func unavailable(ctx context.Context, view *generic.View, r request) []string {
	if !isNew(r) {
		return nil
	}
	backup, err := generic.Get[*v1.Backup](ctx, view, v1.Resource("backups"), r.Spec.BackupName)
	if err != nil {
		return nil
	}
	location, err := locationOf(ctx, view, backup)
	if err != nil || location.Status.Phase != v1.BackupStorageLocationUnavailable {
		return nil
	}
	return []string{fmt.Sprintf("%s: the backup storage location of the backup, %q, was unavailable when it was last checked: the deletion fails unless it can be used by then", backupName, location.Name)}
}

func locationOf(ctx context.Context, view *generic.View, backup *v1.Backup) (*v1.BackupStorageLocation, error) {
	return generic.Get[*v1.BackupStorageLocation](ctx, view, v1.Resource("backupstoragelocations"), backup.Spec.StorageLocation)
}

// isNew says that a request is still to be carried out, and not the record of one that was.
func isNew(r request) bool {
	return r.Status.Phase == "" || r.Status.Phase == v1.DeleteBackupRequestPhaseNew
}
