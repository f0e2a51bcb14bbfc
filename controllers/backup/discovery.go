package backup

import (
	"context"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/apis/velero/warnings"
	"github.com/velero-locations/velero-locations/controllers/backup/scope"
	"github.com/velero-locations/velero-locations/resources"
)

// discover finds out which resources the API serves. Those that cannot be found out are a warning, unless none can; so are those
// that the backup includes and there are not.
func (r *reconciler) discover(ctx context.Context, p *plan, spec *velerov1.BackupSpec) error {
	served, err := resources.Discover(ctx, r.discovery)
	p.resources = served.Storable()
	switch {
	case err == nil:
		p.warnings = append(p.warnings, warnings.UnknownIncluded(spec, specPath, served)...)
	case len(p.resources) == 0:
		return err
	default:
		p.warnings = append(p.warnings, err.Error())
	}
	return nil
}

// excludedNamespaces are those that are marked to be left out of all backups.
func (r *reconciler) excludedNamespaces(ctx context.Context, served resources.List) ([]string, error) {
	var excluded []string
	for _, resource := range served {
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
