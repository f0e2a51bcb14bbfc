// Package contents finds out whether there is what backups include and exclude by name.
package contents

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/warnings"
	"github.com/velero-locations/velero-locations/patterns"
	"github.com/velero-locations/velero-locations/registry/generic"
	"github.com/velero-locations/velero-locations/resources"
)

// Warnings are about namespaces and resources that a backup of the spec names and there are not, as far as they can be found out.
// The path is that of the spec.
func Warnings(ctx context.Context, view *generic.View, spec *v1.BackupSpec, path *field.Path) []string {
	return slices.Concat(unknownNamespaces(ctx, view.Environment, spec, path), unknownResources(ctx, view.Environment, spec, path))
}

// unknownNamespaces are told to those only who may see all that there are: the name that was probably meant is one of them.
func unknownNamespaces(ctx context.Context, env *generic.Environment, spec *v1.BackupSpec, path *field.Path) []string {
	wanted := slices.DeleteFunc(slices.Clone(spec.IncludedNamespaces), func(name string) bool { return name == "" || name == "*" })
	if len(wanted) == 0 || !env.May(ctx, "list", corev1.SchemeGroupVersion.WithResource("namespaces"), "", "") {
		return nil
	}
	existing, known := env.Cluster.Namespaces(ctx, slices.DeleteFunc(wanted, patterns.Is))
	if !known {
		return nil
	}
	return warnings.UnknownNamespaces(spec.IncludedNamespaces, path.Child("includedNamespaces"), existing)
}

// unknownResources are told to everybody: any user may ask the API which resources it serves.
func unknownResources(ctx context.Context, env *generic.Environment, spec *v1.BackupSpec, path *field.Path) []string {
	unknown := func(served resources.List) []string {
		return append(warnings.UnknownIncluded(spec, path, served), warnings.UnknownExcluded(spec, path, served)...)
	}
	enough := func(served resources.List) bool { return len(unknown(served)) == 0 }
	if enough(nil) { // none is named
		return nil
	}
	served, known := env.Cluster.Resources(ctx, enough)
	if !known {
		return nil
	}
	return unknown(served)
}
