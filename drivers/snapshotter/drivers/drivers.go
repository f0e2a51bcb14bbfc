// Package drivers knows the driver of each provider of volumes.
package drivers

import (
	"maps"
	"slices"

	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/azure"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/ec2"
	"github.com/velero-locations/velero-locations/drivers/snapshotter/portworx"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// known are the drivers by the normal form of their provider's name. A new one needs a line here,
// and a package next to this one.
var known = map[string]snapshotter.Driver{
	provider.AWS:          ec2.Driver,
	azure.ProviderName:    azure.Driver,
	portworx.ProviderName: portworx.Driver,
}

// Find returns the driver of a provider, named in any form. There may be none, or the provider may
// not be known at all.
func Find(name string) (snapshotter.Driver, bool) {
	p := provider.Find(name, provider.VolumeSnapshotter)
	if p == nil {
		return snapshotter.Driver{}, false
	}
	driver, found := known[p.Name]
	return driver, found
}

// Names returns the names of the providers that have a driver, in order.
func Names() []string { return slices.Sorted(maps.Keys(known)) }
