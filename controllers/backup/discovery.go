package backup

import (
	"context"

	"github.com/velero-locations/velero-locations/controllers/backup/inventory"
	"github.com/velero-locations/velero-locations/controllers/backup/scope"
)

// excludedNamespaces discovers the API, and which namespaces are marked to be left out.
func (r *reconciler) excludedNamespaces(ctx context.Context, p *plan) ([]string, error) {
	var err error
	if p.resources, err = inventory.Resources(r.discovery); err != nil {
		if len(p.resources) == 0 {
			return nil, err
		}
		p.warnings = append(p.warnings, err.Error())
	}
	var excluded []string
	for i := range p.resources {
		if p.resources[i].GroupResource() != namespaceResource {
			continue
		}
		for namespace, err := range r.api.List(ctx, p.resources[i], "", scope.ExcludeLabel+"=true") {
			if err != nil {
				return nil, err
			}
			excluded = append(excluded, namespace.Meta.Name)
		}
	}
	return excluded, nil
}
