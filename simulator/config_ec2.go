package simulator

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/ec2"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

// EC2Config says where EC2 and STS are served, both at the same addresses.
type EC2Config struct {
	// Address is host:port, port 0 for any free one; empty serves neither but at regional addresses. There the region that
	// a request is signed for picks the region it is for.
	Address string `json:"address,omitempty"`
	// RegionalAddresses are those of the endpoints of regions, which accept no other region's signatures.
	RegionalAddresses map[string]string `json:"regionalAddresses,omitempty"`
	// SnapshotDuration is how long a snapshot is pending, by the simulator's clock; 5s by default.
	SnapshotDuration *faults.Duration `json:"snapshotDuration,omitempty"`
	// SnapshotRetention is how long deleted snapshots are in the recycle bin, by the simulator's clock; 0, the default, is not
	// at all.
	SnapshotRetention faults.Duration `json:"snapshotRetention,omitempty"`
	// IDSeed makes the ids of volumes and snapshots the same for the same requests in the same order; empty makes them
	// random.
	IDSeed string `json:"idSeed,omitempty"`
}

// VolumeConfig is an EBS volume that exists from the start.
type VolumeConfig struct {
	// ID is vol- and 17 hexadecimal digits.
	ID string `json:"id"`
	// AvailabilityZone is that of the volume, and says its region, too.
	AvailabilityZone string `json:"availabilityZone"`
	// Size in GiB.
	Size int `json:"size"`
	// VolumeType is gp2 by default.
	VolumeType string `json:"volumeType,omitempty"`
	IOPS       int    `json:"iops,omitempty"`
	// Throughput in MiB/s.
	Throughput int               `json:"throughput,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	// Data is written to the volume when it is created.
	Data string `json:"data,omitempty"`
}

func (c VolumeConfig) performance() ebs.Performance {
	return ebs.Performance{Size: c.Size, Type: cmp.Or(c.VolumeType, ebs.DefaultType), IOPS: c.IOPS, Throughput: c.Throughput}
}

func (v *validation) ec2() {
	c := v.config.EC2
	if c.Address != "" {
		v.address("ec2.address", c.Address)
	}
	for _, region := range slices.Sorted(maps.Keys(c.RegionalAddresses)) {
		v.address("ec2.regionalAddresses."+region, c.RegionalAddresses[region])
		v.region("ec2.regionalAddresses."+region, region)
	}
	if c.SnapshotDuration != nil && *c.SnapshotDuration < 0 {
		v.add("ec2.snapshotDuration", "%s is negative", *c.SnapshotDuration)
	}
	if c.SnapshotRetention < 0 || c.SnapshotRetention > faults.Duration(365*24*time.Hour) {
		v.add("ec2.snapshotRetention", "%s is not from 0 to a year, as long as AWS's recycle bin keeps a snapshot", c.SnapshotRetention)
	}
}

func (v *validation) volume(path string, volume VolumeConfig) {
	if !ec2.IsVolumeID(volume.ID) {
		v.add(path+".id", "%q is not vol- and 17 hexadecimal digits", volume.ID)
	}
	v.unique(v.volumes, path+".id", volume.ID, fmt.Sprintf("%q", volume.ID))
	if ec2.RegionOf(volume.AvailabilityZone, v.config.Regions) == "" {
		v.add(path+".availabilityZone", "%q is not a zone of the configuration's regions, such as %q", volume.AvailabilityZone, v.config.Regions[0]+"a")
	}
	if err := volume.performance().Validate(); err != nil {
		v.add(path, "%w", err)
	}
}
