package selection

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/velero-locations/velero-locations/locations/provider"
)

// AddFlags adds the flags of the defaults, by the names that they have in Velero's server.
func (d *Defaults) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&d.StorageLocation, "default-backup-storage-location", d.StorageLocation,
		"Backup storage location of backups that name none, in namespaces without a default.")
	flags.Var(&d.SnapshotLocations, "default-volume-snapshot-locations",
		"Volume snapshot locations of backups that name none, for providers that have several, such as aws:ebs-us-east-1,portworx:local.")
}

// SnapshotDefaults are the names of the volume snapshot locations that a server takes for providers that have several,
// by the normal form of the provider's name. As a flag, --default-volume-snapshot-locations, they are
// PROVIDER:NAME,... and may be given several times.
type SnapshotDefaults map[string]string

// Set implements pflag.Value. What was set before stays, and is an error to contradict.
func (d *SnapshotDefaults) Set(value string) error {
	merged := SnapshotDefaults{}
	maps.Copy(merged, *d)
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		of, name, _ := strings.Cut(item, ":")
		if of == "" || name == "" {
			return fmt.Errorf("%q is not PROVIDER:NAME, such as aws:ebs-us-east-1", item)
		}
		of = provider.Normal(of)
		if other := merged[of]; other != "" && other != name {
			return fmt.Errorf("provider %s has two defaults, %q and %q", provider.Short(of), other, name)
		}
		merged[of] = name
	}
	*d = merged
	return nil
}

// String implements pflag.Value.
func (d *SnapshotDefaults) String() string {
	var items []string
	for _, of := range slices.Sorted(maps.Keys(*d)) {
		items = append(items, provider.Short(of)+":"+(*d)[of])
	}
	return strings.Join(items, ",")
}

// Type implements pflag.Value.
func (*SnapshotDefaults) Type() string { return "provider:name,..." }

func (d SnapshotDefaults) find(of string) string { return d[provider.Normal(of)] }
