package backup

import (
	"context"
	"encoding/json"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/resources"
)

var (
	accountResource     = schema.GroupResource{Resource: "serviceaccounts"}
	clusterRoleResource = schema.GroupResource{Group: rbacv1.GroupName, Resource: "clusterroles"}
	bindingResource     = schema.GroupResource{Group: rbacv1.GroupName, Resource: "clusterrolebindings"}
)

// addRoles adds the cluster roles that a service account has, and what binds it to them: unless they are backed up on their
// own, or left out.
func (r *run) addRoles(ctx context.Context, account object) error {
	bindings := r.resource(bindingResource)
	if bindings == nil || !r.onlyNeeded(bindings) {
		return nil
	}
	if err := r.readRoles(ctx, bindings); err != nil {
		return err
	}
	for _, other := range r.roles[account] {
		if err := r.addOne(ctx, other, r.onlyNeeded, r.scope.Whole); err != nil {
			return err
		}
		r.added[other] = true // of several accounts
	}
	return nil
}

// onlyNeeded says that the objects of a resource are in the backup if others need them, and not on their own.
func (r *run) onlyNeeded(resource *resources.Resource) bool {
	return !r.scope.Resource(resource) && r.needed(resource)
}

// readRoles finds out, once, which service accounts are bound to cluster roles.
func (r *run) readRoles(ctx context.Context, bindings *resources.Resource) error {
	if r.roles != nil {
		return nil
	}
	r.roles = map[object][]object{}
	for found, err := range r.api.List(ctx, *bindings, "", "") {
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.record.Failed("", err)
			return nil
		}
		var binding rbacv1.ClusterRoleBinding
		if err := json.Unmarshal(found.JSON, &binding); err != nil {
			return fmt.Errorf("reading cluster role binding %q: %w", found.Meta.Name, err)
		}
		for _, subject := range binding.Subjects {
			if subject.Kind != rbacv1.ServiceAccountKind {
				continue
			}
			account := object{accountResource, subject.Namespace, subject.Name}
			r.roles[account] = append(r.roles[account],
				object{resource: bindingResource, name: binding.Name}, object{resource: clusterRoleResource, name: binding.RoleRef.Name})
		}
	}
	return nil
}
