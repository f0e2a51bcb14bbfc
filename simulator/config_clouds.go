package simulator

import (
	"fmt"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/azure"
)

// CloudsConfig says where the simulated Azure and the simulated Portworx are served, both at the same address.
type CloudsConfig struct {
	// Address is host:port, port 0 for any free one; empty serves neither.
	Address string `json:"address,omitempty"`
	// Locations are those of Azure that exist; eastus and westus by default.
	Locations []string `json:"locations,omitempty"`
}

func (v *validation) clouds() {
	if v.config.Clouds.Address != "" {
		v.address("clouds.address", v.config.Clouds.Address)
	}
	azure.ValidateLocations(v.config.Clouds.Locations, v.reporter("clouds.locations"))
}

// reporter adds problems below a path.
func (v *validation) reporter(base string) func(path, format string, args ...any) {
	return func(path, format string, args ...any) { v.add(base+path, format, args...) }
}

func (v *validation) azure(path string, tenant azure.Tenant) {
	if tenant.ID == "" && len(tenant.Subscriptions) == 0 {
		return
	}
	tenant.Validate(v.config.Clouds.Locations, v.reporter(path))
	v.unique(v.tenants, path+".tenant", strings.ToLower(tenant.ID), fmt.Sprintf("%q", tenant.ID))
	for i, subscription := range tenant.Subscriptions {
		v.unique(v.subscriptions, fmt.Sprintf("%s.subscriptions[%d].id", path, i), strings.ToLower(subscription.ID), fmt.Sprintf("%q", subscription.ID))
	}
}

func (v *validation) portworx(path string, account AccountConfig) {
	for i, cluster := range account.Portworx {
		at := fmt.Sprintf("%s[%d]", path, i)
		cluster.Validate(v.reporter(at))
		v.unique(v.clusters, at+".name", cluster.Name, fmt.Sprintf("%q", cluster.Name))
		for j, volume := range cluster.Volumes {
			v.unique(v.volumes, fmt.Sprintf("%s.volumes[%d].id", at, j), volume.ID, fmt.Sprintf("%q", volume.ID))
		}
	}
}
