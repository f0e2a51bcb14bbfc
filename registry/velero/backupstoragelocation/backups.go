package backupstoragelocation

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/registry/generic"
)

// place is what backups in a location stand on: a location does not move while there are any, nor while one is written.
var place = &generic.Anchor[location]{
	Resource: v1.Resource("backups"),
	At: func(l location) string {
		var words []string
		for _, part := range parts(l) {
			words = append(words, part.normal)
		}
		return strings.Join(words, " ")
	},
}

// immovable refuses to point a location elsewhere while backups are in it, or are on their way: they would be looked for, and deleted,
// in a place where they are not.
func immovable(ctx context.Context, view *generic.View, l, old location) field.ErrorList {
	if old == nil {
		return nil
	}
	moved := moves(l, old)
	if len(moved) == 0 {
		return nil
	}
	backups, err := generic.List[*v1.Backup](ctx, view, v1.Resource("backups"), recordsIn(l.Name))
	if err != nil {
		return field.ErrorList{field.InternalError(field.NewPath("spec"), err)}
	}
	n := 0
	for _, b := range backups {
		if b.Status.Phase != v1.BackupPhaseFailedValidation { // which has written nothing

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

// part is a field that says where a location is. What matters of it is its normal form: aws is velero.io/aws, and slashes at the ends do
// not matter, nor how many there are in a row.
type part struct {
	path          *field.Path
	value, normal string
}

func parts(l location) []part {
	storage, spec := objectStorage(l), field.NewPath("spec")
	return []part{
		{spec.Child("provider"), l.Spec.Provider, provider.Normal(l.Spec.Provider)},
		{spec.Child("objectStorage", "bucket"), storage.Bucket, strings.Trim(storage.Bucket, "/")},
		{spec.Child("objectStorage", "prefix"), storage.Prefix, locations.NormalPrefix(storage.Prefix)},
	}
}

// move is a part that says something else than before.
type move struct {
	part

	old string
}

func moves(l, old location) []move {
	var moved []move
	before := parts(old)
	for i, part := range parts(l) {
		if part.normal != before[i].normal {
			moved = append(moved, move{part, before[i].value})
		}
	}
	return moved
}

// records of backups go with their location. What is in the bucket stays.
var records = &generic.Dependents{
	Resource: v1.Resource("backups"),
	Of:       recordsIn,
	Warn: func(name string, backups int) string {
		noun := "the records of %d backups go"
		if backups == 1 {
			noun = "the record of %d backup goes"
		}
		return fmt.Sprintf(noun+" with backup storage location %q; what is in its bucket stays, and is found again if a location is made for the same place", backups, name)
	},
	Remain: func(name string, left int) string {
		return fmt.Sprintf("of the records of backups in %q, %d are still being deleted", name, left)
	},
}

// recordsIn selects the records of backups that go to a location, or are there.
func recordsIn(location string) fields.Selector {
	return fields.OneTermEqualSelector("spec.storageLocation", location)
}
