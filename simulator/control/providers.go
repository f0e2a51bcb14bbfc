package control

import (
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/clock"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

const (
	awsName      = "aws"
	azureName    = "azure"
	portworxName = "portworx"

	// What volumes and snapshots are that have no other state.
	available = "available"
	completed = "completed"
	whole     = "100%"
)

// convert makes a list of what it is given.
func convert[T, U any](of []T, by func(T) U) []U {
	out := make([]U, 0, len(of))
	for _, one := range of {
		out = append(out, by(one))
	}
	return out
}

type ebsVolumes struct {
	store *ebs.Store
	clock *clock.Clock
}

func describeVolume(v *ebs.Volume) VolumeInfo {
	return VolumeInfo{
		ID: v.ID, Provider: awsName, Account: v.Account, Region: v.Region, Zone: v.Zone, Size: v.Size, Type: v.Type, Status: v.Status(),
		Content: string(v.Content), Snapshot: v.SnapshotID, Created: v.Created, Tags: v.Tags,
	}
}

func (e ebsVolumes) volumes() []VolumeInfo { return convert(e.store.AllVolumes(), describeVolume) }

func (e ebsVolumes) snapshots() []SnapshotInfo {
	now := e.clock.Now()
	return convert(e.store.AllSnapshots(), func(s *ebs.Snapshot) SnapshotInfo {
		return SnapshotInfo{
			ID: s.ID, Provider: awsName, Account: s.Account, Region: s.Region, Volume: s.VolumeID, Size: s.Size, Status: s.Status(),
			Progress: s.Progress(now), Content: string(s.Content), Started: s.Started, Tags: s.Tags,
		}
	})
}

func (e ebsVolumes) write(id string, data []byte) (VolumeInfo, bool, error) {
	volume, err := e.store.FindVolume(id)
	if err != nil {
		return VolumeInfo{}, false, nil
	}
	if volume, err = e.store.Write(volume.Place, id, data); err != nil {
		return VolumeInfo{}, false, err
	}
	return describeVolume(volume), true, nil
}

type azureDisks struct{ store *azure.Store }

// describeDisk has the zone as Kubernetes names it, such as eastus-1.
func describeDisk(d *azure.Disk) VolumeInfo {
	zone := ""
	if d.Zone != "" {
		zone = d.Location + "-" + d.Zone
	}
	return VolumeInfo{
		ID: d.ID, Provider: azureName, Account: d.Account, Region: d.Location, Zone: zone, Size: d.Size, Type: d.SKU, Status: available,
		Content: string(d.Content), Snapshot: d.Source, Created: d.Created, Tags: d.Tags,
	}
}

func (a azureDisks) volumes() []VolumeInfo { return convert(a.store.Disks(), describeDisk) }

func (a azureDisks) snapshots() []SnapshotInfo {
	return convert(a.store.Snapshots(), func(s *azure.Snapshot) SnapshotInfo {
		kind := "full"
		if s.Incremental {
			kind = "incremental"
		}
		return SnapshotInfo{
			ID: s.ID, Provider: azureName, Account: s.Account, Region: s.Location, Volume: s.Source, Type: kind, Size: s.Size,
			Status: completed, Progress: whole, Content: string(s.Content), Started: s.Created, Tags: s.Tags,
		}
	})
}

func (a azureDisks) write(id string, data []byte) (VolumeInfo, bool, error) {
	disk, found, err := a.store.Write(id, data)
	if !found || err != nil {
		return VolumeInfo{}, found, err
	}
	return describeDisk(disk), true, nil
}

type portworxVolumes struct{ store *portworx.Store }

func describePortworx(v *portworx.Volume) VolumeInfo {
	return VolumeInfo{
		ID: v.ID, Provider: portworxName, Account: v.Account, Region: v.Cluster, Zone: v.Node, Size: v.Size, Status: available,
		Content: string(v.Content), Snapshot: v.Snapshot, Created: v.Created, Tags: v.Labels,
	}
}

func (p portworxVolumes) volumes() []VolumeInfo { return convert(p.store.Volumes(), describePortworx) }

func (p portworxVolumes) snapshots() []SnapshotInfo {
	return convert(p.store.Snapshots(), func(s *portworx.Snapshot) SnapshotInfo {
		return SnapshotInfo{
			ID: s.ID, Provider: portworxName, Account: s.Account, Region: s.Cluster, Volume: s.Volume, Type: string(s.Type), Size: s.Size,
			Status: completed, Progress: whole, Content: string(s.Content), Started: s.Created, Tags: s.Labels,
		}
	})
}

func (p portworxVolumes) write(id string, data []byte) (VolumeInfo, bool, error) {
	volume, found, err := p.store.Write(id, data)
	if !found || err != nil {
		return VolumeInfo{}, found, err
	}
	return describePortworx(volume), true, nil
}
