package dev

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/ec2"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// Tags by which a provisioner says whom it made a volume for, and the EBS CSI driver which ones are its own.
const (
	tagClaimNamespace = "kubernetes.io/created-for/pvc/namespace"
	tagClaim          = "kubernetes.io/created-for/pvc/name"
	tagVolume         = "kubernetes.io/created-for/pv/name"
	tagCSI            = "ebs.csi.aws.com/cluster"
)

// Provisioners of EBS volumes: the CSI driver, and Kubernetes' own of former times.
const (
	ebsCSI    = "ebs.csi.aws.com"
	ebsInTree = "kubernetes.io/aws-ebs"
)

// newVolume makes an EBS volume that holds something of its own, tagged as its provisioner would.
func newVolume(zone, provisioner, namespace, claim string) simulator.VolumeConfig {
	name := namespace + "-" + claim
	volume := simulator.VolumeConfig{
		ID: ec2.NewVolumeID(), AvailabilityZone: zone, Size: 8, VolumeType: "gp3", Data: name,
		Tags: map[string]string{"Name": name, tagClaimNamespace: namespace, tagClaim: claim, tagVolume: name},
	}
	if provisioner == ebsCSI {
		volume.Tags[tagCSI] = "true"
	}
	return volume
}

// ebsDisks returns the simulated EBS volumes whose tags say whom they are for.
func ebsDisks(config *simulator.Config) []disk {
	var disks []disk
	for _, account := range config.Accounts {
		for _, volume := range account.Volumes {
			disk := newEBSDisk(volume, ec2.RegionOf(volume.AvailabilityZone, config.Regions))
			if disk.volume != "" && disk.namespace != "" && disk.claim != "" {
				disks = append(disks, disk)
			}
		}
	}
	return disks
}

func newEBSDisk(volume simulator.VolumeConfig, region string) disk {
	d := disk{
		volume: volume.Tags[tagVolume], namespace: volume.Tags[tagClaimNamespace], claim: volume.Tags[tagClaim], size: volume.Size,
		class: cmp.Or(volume.VolumeType, ebs.DefaultType),
	}
	const fsType = "ext4"
	if volume.Tags[tagCSI] == "true" {
		d.provisioner = ebsCSI
		d.source.CSI = &corev1.CSIPersistentVolumeSource{Driver: ebsCSI, VolumeHandle: volume.ID, FSType: fsType}
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
