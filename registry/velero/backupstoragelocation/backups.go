package backupstoragelocation

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/klog/v2"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// backupsIn lists the records of backups that go to a location, or are there.
func backupsIn(ctx context.Context, view *generic.View, l location) ([]*v1.Backup, error) {
	selector := fields.OneTermEqualSelector("spec.storageLocation", l.Name)
	return generic.List[*v1.Backup](ctx, view, v1.Resource("backups"), selector)
}

// immovable refuses to point a location elsewhere while backups are in it: they would be looked for, and deleted, in
// a place where they are not.
func immovable(ctx context.Context, view *generic.View, l, old location) field.ErrorList {
	if old == nil {
		return nil
	}
	moved := moves(l, old)
	if len(moved) == 0 {
		return nil
	}
	backups, err := backupsIn(ctx, view, l)
	if err != nil {
		return field.ErrorList{field.InternalError(field.NewPath("spec"), err)}
	}
	n := 0
	for _, b := range backups {
		if !b.Status.Phase.Waiting() && b.Status.Phase != v1.BackupPhaseFailedValidation {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	errs := make(field.ErrorList, 0, len(moved))
	for _, m := range moved {
		errs = append(errs, field.Invalid(m.path, m.value, fmt.Sprintf(
			"must stay %q while the location has backups (now %d): make a location of another name for the new place, or delete the backups first", m.old, n)))
	}
	return errs
}

// move is a field that says where a location is, and says something else than before.
type move struct {
	path       *field.Path
	value, old string
}

// moves compares what matters of the fields: aws is velero.io/aws, and slashes at the ends are of no account.
func moves(l, old location) []move {
	storage, oldStorage := objectStorage(l), objectStorage(old)
	trim := func(text string) string { return strings.Trim(text, "/") }
	spec := field.NewPath("spec")
	var moved []move
	for _, c := range []struct {
		move
		normal func(string) string
	}{
		{move{spec.Child("provider"), l.Spec.Provider, old.Spec.Provider}, provider.Normal},
		{move{spec.Child("objectStorage", "bucket"), storage.Bucket, oldStorage.Bucket}, trim},
		{move{spec.Child("objectStorage", "prefix"), storage.Prefix, oldStorage.Prefix}, trim},
	} {
		if c.normal(c.value) != c.normal(c.old) {
			moved = append(moved, c.move)
		}
	}
	return moved
}

// warnOfDeletion says how many records of backups go with a location.
func warnOfDeletion(ctx context.Context, env *generic.Environment, l location) []string {
	backups, err := backupsIn(ctx, generic.NewView(env), l)
	if err != nil || len(backups) == 0 {
		return nil
	}
	noun := "the records of %d backups go"
	if len(backups) == 1 {
		noun = "the record of %d backup goes"
	}
	return []string{fmt.Sprintf(noun+" with backup storage location %q; what is in its bucket stays, and is found again if a location is made for the same place", len(backups), l.Name)}
}

// deletionWorkers is how many records are deleted at a time.
const deletionWorkers = 8

// deleteRecords deletes the records of backups in a location that was deleted, but none that was made since. What is
// in the bucket stays.
func deleteRecords(ctx context.Context, env *generic.Environment, l location) {
	backups, err := backupsIn(ctx, generic.NewView(env), l)
	if err != nil {
		klog.FromContext(ctx).Error(err, "Backups of a deleted location stay", "backupStorageLocation", klog.KObj(l))
		return
	}
	var group errgroup.Group
	group.SetLimit(deletionWorkers)
	for _, b := range backups {
		group.Go(func() error {
			options := &metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(b.UID))}
			_, _, err := env.Store(v1.Resource("backups")).Delete(ctx, b.Name, rest.ValidateAllObjectFunc, options)
			if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
				klog.FromContext(ctx).Error(err, "Backup of a deleted location stays", "backup", klog.KObj(b), "backupStorageLocation", klog.KObj(l))
			}
			return nil
		})
	}
	_ = group.Wait() // each error is logged where it happened
}
