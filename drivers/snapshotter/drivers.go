package snapshotter

import (
	"maps"
	"slices"

	"github.com/velero-locations/velero-locations/locations/provider"
)

// Drivers are the drivers of providers, by the normal form of the provider's name.
type Drivers map[string]Driver

// Find returns the driver of a provider, named in any form. There may be none, or the provider may not be known at all.
func (d Drivers) Find(name string) (Driver, bool) {
	p := provider.Find(name, provider.VolumeSnapshotter)
	if p == nil {
		return Driver{}, false
	}
	driver, found := d[p.Name]
	return driver, found
}

// Names returns the names of the providers that have a driver, in order.
func (d Drivers) Names() []string { return slices.Sorted(maps.Keys(d)) }
