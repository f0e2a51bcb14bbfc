package backup

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// returning tells whoever has deleted the record of a backup alone that it comes back as long as there is what was stored, and what
// to do instead. Controllers, which delete a record after the data, or because there are none any more, are not told.
func returning(ctx context.Context, view *generic.View, b backup) []string {
	switch phase := b.Status.Phase; {
	case phase.Waiting(), phase == v1.BackupPhaseFailedValidation, phase == v1.BackupPhaseDeleting, byController(ctx):
		return nil
	}
	location, err := generic.Get[*v1.BackupStorageLocation](ctx, view, v1.Resource("backupstoragelocations"), b.Spec.StorageLocation)
	if err != nil { // then there is none that it could come back from, or nothing is known of it
		return nil
	}
	text := fmt.Sprintf("only the record of backup %q is deleted: while its data is in backup storage location %q, the record comes back when that is synced", b.Name, location.Name)
	if location.Spec.AccessMode == v1.AccessModeReadOnly {
		return []string{text + "; the data cannot be deleted as long as the location is read-only"}
	}
	return []string{fmt.Sprintf("%s; to delete the data, too, once it is back: velero backup delete %s -n %s (or velero-locations backup delete)", text, b.Name, b.Namespace)}
}

func byController(ctx context.Context) bool {
	user, known := genericapirequest.UserFrom(ctx)
	return !known || slices.Contains(user.GetGroups(), serviceaccount.AllServiceAccountsGroup)
}
