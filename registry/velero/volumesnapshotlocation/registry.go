// Package volumesnapshotlocation is the registry of kind VolumeSnapshotLocation.
package volumesnapshotlocation

import (
	"context"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/warnings"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

type location = *v1.VolumeSnapshotLocation

// Resource serves volume snapshot locations.
type Resource = generic.Resource[location, *v1.VolumeSnapshotLocationList]

// New returns the kind's resource in a server. Velero's CRD shows name and age only, which tells no location from another; they
// come first here, too.
func New(env *generic.Environment) *Resource {
	return &Resource{
		GroupVersion: v1.SchemeGroupVersion,
		Plural:       "volumesnapshotlocations",
		ShortNames:   []string{"vsl"},
		Categories:   []string{"velero"},
		Columns: table.Columns[location]{
			table.Age[location](),
			{Name: "Provider", Description: "Provider of the volumes.", Value: func(l location) any { return l.Spec.Provider }},
			{Name: "Region", Description: "Region of the volumes, as configured.", Value: func(l location) any { return l.Spec.Config["region"] }},
			{Name: "Phase", Description: "Whether the location could be used when it was last checked.", Value: func(l location) any { return string(l.Status.Phase) }},
			{Name: "Last Validated", Priority: 1, Type: "date", Description: "Time since the last check.", Value: func(l location) any { return l.Status.LastValidationTime }},
			{Name: "Message", Priority: 1, Description: "Why the location is unavailable, or not checked.", Value: func(l location) any { return l.Status.Message }},
		},
		Spec: func(l location) any { return l.Spec },
		Fields: func(l location) fields.Set {
			return fields.Set{"spec.provider": l.Spec.Provider, "status.phase": string(l.Status.Phase)}
		},
		Validate: func(l, old location) field.ErrorList { return env.Rules.VolumeSnapshotLocation(l, old) },
		Warn: func(ctx context.Context, _ *generic.View, l location) []string {
			return warnings.VolumeSnapshotLocation(l, warnings.Surroundings{
				Rules: env.Rules, Secrets: env.Secrets(ctx, warnings.SecretNames(l.Spec.Credential)...),
			})
		},
	}
}
