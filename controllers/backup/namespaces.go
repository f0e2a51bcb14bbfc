package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/apis/velero/warnings"
	"github.com/velero-locations/velero-locations/patterns"
)

// addNamespaces adds the objects of the namespaces, and notes which of those that were asked for do not exist, whether or not the
// backup is to have the objects.
func (r *run) addNamespaces(ctx context.Context) error {
	resource := r.resource(namespaceResource)
	if resource == nil {
		return nil
	}
	belong := r.scope.Resource(resource)
	if !belong && len(r.backup.Spec.IncludedNamespaces) == 0 {
		return nil
	}
	var existing []string
	for found, err := range r.api.List(ctx, *resource, "", "") {
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.cannotSee(err, belong)
			return nil
		}
		existing = append(existing, found.Meta.Name)
		if !belong {
			continue
		}
		var namespace corev1.Namespace
		if err := json.Unmarshal(found.JSON, &namespace); err != nil {
			return fmt.Errorf("reading namespace %q: %w", found.Meta.Name, err)
		}
		if !r.scope.Namespace(&namespace, r.occupied[namespace.Name]) {
			continue
		}
		if err := r.add(ctx, resource, &found); err != nil {
			return err
		}
	}
	r.noteMissing(existing, belong)
	return nil
}

// cannotSee notes that the namespaces cannot be read, which only a backup is the worse for that is to have their objects.
func (r *run) cannotSee(err error, belong bool) {
	if belong {
		r.record.Failed("", err)
		return
	}
	r.record.Doubtful("", err.Error())
}

// noteMissing notes namespaces that the backup includes and there are not. Where their objects belong to it, one that was asked for
// by name is missing from it.
func (r *run) noteMissing(existing []string, belong bool) {
	for i, name := range r.backup.Spec.IncludedNamespaces {
		text := warnings.UnknownNamespace(name, specPath.Child("includedNamespaces").Index(i), existing)
		switch {
		case text == "" || patterns.MatchAny(r.backup.Spec.ExcludedNamespaces, name):
		case belong && !patterns.Is(name):
			r.record.Failed(name, errors.New(text))
		default:
			r.record.Doubtful("", text)
		}
	}
}
