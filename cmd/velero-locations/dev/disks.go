package dev

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/azure"
	"github.com/velero-locations/velero-locations/simulator/ec2"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
	"github.com/velero-locations/velero-locations/simulator/portworx"
)

// Provisioners of volumes: CSI drivers, and Kubernetes' own for EBS of former times.
const (
	ebsCSI      = "ebs.csi.aws.com"
	ebsInTree   = "kubernetes.io/aws-ebs"
	azureCSI    = "disk.csi.azure.com"
	portworxCSI = "pxd.portworx.com"
)

// keys of the tags, or labels, by which provisioners say on a volume whom they made it for.
type keys struct{ namespace, claim, volume string }

var (
	ebsKeys      = keys{"kubernetes.io/created-for/pvc/namespace", "kubernetes.io/created-for/pvc/name", "kubernetes.io/created-for/pv/name"}
	azureKeys    = keys{"kubernetes.io-created-for-pvc-namespace", "kubernetes.io-created-for-pvc-name", "kubernetes.io-created-for-pv-name"}
	portworxKeys = keys{"namespace", "pvc", "pv"}
)

// tagEBSCSI is on the volumes that the EBS CSI driver made.
const tagEBSCSI = "ebs.csi.aws.com/cluster"

const fsType = "ext4"

func (k keys) tags(namespace, claim string) map[string]string {
	return map[string]string{k.namespace: namespace, k.claim: claim, k.volume: namespace + "-" + claim}
}

// disk returns the names of a volume with such tags.
func (k keys) disk(tags map[string]string) disk {
	return disk{namespace: tags[k.namespace], claim: tags[k.claim], volume: tags[k.volume]}
}

// newVolume makes an EBS volume that holds something of its own.
func newVolume(zone, provisioner, namespace, claim string) simulator.VolumeConfig {
	volume := simulator.VolumeConfig{
		ID: ec2.NewVolumeID(), AvailabilityZone: zone, Size: 8, VolumeType: "gp3", Data: namespace + "-" + claim, Tags: ebsKeys.tags(namespace, claim),
	}
	volume.Tags["Name"] = namespace + "-" + claim
	if provisioner == ebsCSI {
		volume.Tags[tagEBSCSI] = "true"
	}
	return volume
}

// newTenant has one disk that holds something of its own, and a resource group for snapshots.
func newTenant(namespace, claim string) azure.Tenant {
	name := namespace + "-" + claim
	return azure.Tenant{ID: uuid.NewString(), Subscriptions: []azure.Subscription{{ID: uuid.NewString(), ResourceGroups: []azure.ResourceGroup{
		{
			Name: "applications", Location: "eastus",
			Disks: []azure.DiskConfig{{Name: name, Zone: "1", SKU: "Premium_LRS", Size: 8, Data: name, Tags: azureKeys.tags(namespace, claim)}},
		},
		{Name: "backups", Location: "eastus"},
	}}}}
}

// newCluster has one volume that holds something of its own.
func newCluster(namespace, claim string) portworx.Cluster {
	name := namespace + "-" + claim
	return portworx.Cluster{
		Name: "px-dev", Nodes: []string{"node-1", "node-2", "node-3"},
		Volumes: []portworx.VolumeConfig{{ID: portworx.NewID(), Name: name, Node: "node-1", Size: 8, Data: name, Labels: portworxKeys.tags(namespace, claim)}},
	}
}

// claimedDisks returns the simulated volumes that say whom they are for.
func claimedDisks(config *simulator.Config) []disk {
	var disks []disk
	for _, account := range config.Accounts {
		for _, volume := range account.Volumes {
			disks = append(disks, newEBSDisk(volume, ec2.RegionOf(volume.AvailabilityZone, config.Regions)))
		}
		for _, subscription := range account.Azure.Subscriptions {
			for _, group := range subscription.ResourceGroups {
				for _, managed := range group.Disks {
					disks = append(disks, newAzureDisk(subscription, group, managed))
				}
			}
		}
		for _, cluster := range account.Portworx {
			for _, volume := range cluster.Volumes {
				disks = append(disks, newPortworxDisk(volume))
			}
		}
	}
	return slices.DeleteFunc(disks, func(d disk) bool { return d.volume == "" || d.namespace == "" || d.claim == "" })
}

func newEBSDisk(volume simulator.VolumeConfig, region string) disk {
	d := ebsKeys.disk(volume.Tags)
	d.size, d.class = volume.Size, cmp.Or(volume.VolumeType, ebs.DefaultType)
	if volume.Tags[tagEBSCSI] == "true" {
		d.provisionedBy(ebsCSI, volume.ID)
		d.topology = map[string]string{"topology." + ebsCSI + "/zone": volume.AvailabilityZone}
		return d
	}
	d.provisioner = ebsInTree
	d.source.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{
		VolumeID: fmt.Sprintf("aws://%s/%s", volume.AvailabilityZone, volume.ID), FSType: fsType,
	}
	d.topology = map[string]string{corev1.LabelTopologyZone: volume.AvailabilityZone, corev1.LabelTopologyRegion: region}
	d.labels = d.topology
	return d
}

func newAzureDisk(subscription azure.Subscription, group azure.ResourceGroup, managed azure.DiskConfig) disk {
	d := azureKeys.disk(managed.Tags)
	d.size, d.class = managed.Size, "managed-csi"
	d.provisionedBy(azureCSI, azure.DiskID(subscription.ID, group.Name, managed.Name).String())
	if managed.Zone != "" {
		d.topology = map[string]string{"topology." + azureCSI + "/zone": cmp.Or(managed.Location, group.Location) + "-" + managed.Zone}
	}
	return d
}

func newPortworxDisk(volume portworx.VolumeConfig) disk {
	d := portworxKeys.disk(volume.Labels)
	d.size, d.class = volume.Size, "px-csi-db"
	d.provisionedBy(portworxCSI, volume.ID)
	return d
}

// provisionedBy makes it a disk of a CSI driver.
func (d *disk) provisionedBy(driver, handle string) {
	d.provisioner = driver
	d.source.CSI = &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: handle, FSType: fsType}
}
