// Package backupstoragelocation is the registry of kind BackupStorageLocation.
package backupstoragelocation

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/warnings"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type location = *v1.BackupStorageLocation

// Resource serves backup storage locations.
type Resource = generic.Resource[location, *v1.BackupStorageLocationList]

// New returns the kind's resource in a server. The first columns are those of Velero's CRD.
func New(env *generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "backupstoragelocations",
		ShortNames:   []string{"bsl"},
		Categories:   []string{"velero"},
		Columns: table.Columns[location]{
			{Name: "Phase", Description: "Whether the location could be used when it was last checked.", Value: func(l location) any { return string(l.Status.Phase) }},
			{Name: "Last Validated", Type: "date", Description: "Time since the last check.", Value: func(l location) any { return l.Status.LastValidationTime }},
			table.Age[location](),
			{Name: "Default", Type: "boolean", Description: "Whether backups that name no location go here.", Value: func(l location) any { return table.NonZero(l.Spec.Default) }},
			{Name: "Provider", Priority: 1, Description: "Provider of the object storage.", Value: func(l location) any { return l.Spec.Provider }},
			{Name: "Bucket", Priority: 1, Description: "Bucket that backups are kept in.", Value: func(l location) any { return objectStorage(l).Bucket }},
			{Name: "Prefix", Priority: 1, Description: "Path inside the bucket.", Value: func(l location) any { return objectStorage(l).Prefix }},
			{Name: "Region", Priority: 1, Description: "Region of the bucket, as configured.", Value: func(l location) any { return l.Spec.Config["region"] }},
			{Name: "Access Mode", Priority: 1, Description: "What may be done in the location.", Value: func(l location) any { return string(l.Spec.AccessMode) }},
			{Name: "Message", Priority: 1, Description: "Why the location is unavailable.", Value: func(l location) any { return l.Status.Message }},
		},
		Spec: func(l location) any { return l.Spec },
		Fields: func(l location) fields.Set {
			return fields.Set{
				"spec.provider": l.Spec.Provider,
				"spec.default":  strconv.FormatBool(l.Spec.Default),
				"status.phase":  string(l.Status.Phase),
			}
		},
		Indexes:     indexes(),
		Environment: env,
		Validate:    func(l, old location) field.ErrorList { return env.Rules.BackupStorageLocation(l, old) },
		Relate:      immovable,
		Anchor:      place,
		Warn: func(ctx context.Context, view *generic.View, l location) []string {
			return warnings.BackupStorageLocation(l, surroundings(ctx, view, l))
		},
		Ask: ask,
		WarnDeletion: func(ctx context.Context, view *generic.View, l location) []string {
			return warnings.NoDefault(l.Namespace, isDefault(view, l) && noDefault(ctx, view, l))
		},
		Dependents: records,
		Exclusive: &generic.Exclusive[location]{
			Marked: func(l location) bool { return l.Spec.Default },
			Unmark: func(l location) { l.Spec.Default = false },
			Lost: func(from, to location) string {
				return fmt.Sprintf("backup storage location %q is no longer the default of namespace %q: %q is", from.Name, from.Namespace, to.Name)
			},
		},
	}
}

// noDefault says whether, but for one location, there is none in its namespace for backups that name no location.
func noDefault(ctx context.Context, view *generic.View, but location) bool {
	defaults, err := generic.List[location](ctx, view, v1.Resource("backupstoragelocations"), fields.OneTermEqualSelector(defaultIndex, but.Namespace))
	if err != nil || slices.ContainsFunc(defaults, func(other location) bool { return other.Name != but.Name }) {
		return false
	}
	fallback := view.Environment.Defaults.StorageLocation
	if fallback == "" || fallback == but.Name {
		return true
	}
	_, err = generic.Get[location](ctx, view, v1.Resource("backupstoragelocations"), fallback)
	return apierrors.IsNotFound(err)
}

// isDefault says whether backups that name no location go to this one, if there is no other default.
func isDefault(view *generic.View, l location) bool {
	return l.Spec.Default || l.Name == view.Environment.Defaults.StorageLocation
}

// surroundings of a location, as far as they can be found out.
func surroundings(ctx context.Context, view *generic.View, l location) warnings.Surroundings {
	env := view.Environment
	seen, hidden := near(ctx, view, l)
	return warnings.Surroundings{
		Rules:     env.Rules,
		Near:      seen,
		Hidden:    hidden,
		NoDefault: !isDefault(view, l) && noDefault(ctx, view, l),
		Secrets:   env.Secrets(ctx, warnings.SecretNames(l.Spec.Credential, objectStorage(l).CACertRef)...),
	}
}

func objectStorage(l location) v1.ObjectStorageLocation {
	if l.Spec.ObjectStorage == nil {
		return v1.ObjectStorageLocation{}
	}
	return *l.Spec.ObjectStorage
}
