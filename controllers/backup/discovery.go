package backup

import (
	"context"

	"github.com/velero-locations/velero-locations/controllers/backup/inventory"
	"github.com/velero-locations/velero-locations/controllers/backup/scope"
)

// discover finds out which resources the API serves. Those that cannot be found out are a warning, unless none can.
func (r *reconciler) discover(p *plan) error {
	var err error
	p.resources, err = inventory.Resources(r.discovery)
	if err == nil {
		return nil
	}
	if len(p.resources) == 0 {
		return err
	}
	p.warnings = append(p.warnings, err.Error())
	return nil
}

// excludedNamespaces are those that are marked to be left out of all backups.
func (r *reconciler) excludedNamespaces(ctx context.Context, resources []inventory.Resource) ([]string, error) {
	var excluded []string
	for _, resource := range resources {
		if resource.GroupResource() != namespaceResource {
			continue
		}
		for namespace, err := range r.api.List(ctx, resource, "", scope.ExcludeLabel+"=true") {
			if err != nil {
				return nil, err
			}
			excluded = append(excluded, namespace.Meta.Name)
		}
	}
	return excluded, nil
}
