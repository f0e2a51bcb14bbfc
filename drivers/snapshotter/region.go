package snapshotter

import (
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Keys under which labels and node affinities name zones and regions, the first one that is there
// counts. The drivers of AWS, Azure and Google have keys of their own in node affinities.
var (
	zoneLabels   = []string{corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone}
	zoneKeys     = []string{"topology.ebs.csi.aws.com/zone", "topology.disk.csi.azure.com/zone", "topology.gke.io/zone", corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone}
	regionLabels = []string{corev1.LabelTopologyRegion, corev1.LabelFailureDomainBetaRegion}
)

// ZoneOf returns the zone that a persistent volume says it is in, by a label or by its node affinity,
// as Velero reads it; empty if it does not say.
func ZoneOf(pv *corev1.PersistentVolume) string {
	if zone := label(pv, zoneLabels); zone != "" {
		return zone
	}
	return affinity(pv, zoneKeys)
}

// RegionOf returns the region that a persistent volume says it is in: by a label, by its node
// affinity, or by the zone that it is in; empty if it does not say. It needs no provider, which
// would not find the volume in another region.
func RegionOf(pv *corev1.PersistentVolume) string {
	if region := label(pv, regionLabels); region != "" {
		return region
	}
	if region := affinity(pv, regionLabels); region != "" {
		return region
	}
	if zone := ZoneOf(pv); zone != "" {
		return regionOfZone(zone)
	}
	if ebs := pv.Spec.AWSElasticBlockStore; ebs != nil {
		zone, _, _ := strings.Cut(strings.TrimPrefix(ebs.VolumeID, "aws://"), "/")
		return regionOfZone(zone)
	}
	return ""
}

// CheckRegion returns an error with reason Elsewhere if a persistent volume says that it is in
// another region than the one where a snapshotter works. Where either does not say, it returns nil.
func CheckRegion(s Snapshotter, volumeID string, pv *corev1.PersistentVolume) error {
	there, here := RegionOf(pv), s.Region()
	if there == "" || here == "" || there == here {
		return nil
	}
	return &Error{Reason: Elsewhere, Advice: fmt.Sprintf(
		"volume %q is in region %s, but the location is in %s: back it up with a volume snapshot location of region %[2]s", volumeID, there, here)}
}

func label(pv *corev1.PersistentVolume, keys []string) string {
	for _, key := range keys {
		if value := pv.Labels[key]; value != "" {
			return value
		}
	}
	return ""
}

// affinity returns the first value that the node affinity asks for under one of the keys.
func affinity(pv *corev1.PersistentVolume, keys []string) string {
	if pv.Spec.NodeAffinity == nil || pv.Spec.NodeAffinity.Required == nil {
		return ""
	}
	for _, key := range keys {
		for _, term := range pv.Spec.NodeAffinity.Required.NodeSelectorTerms {
			for _, expression := range term.MatchExpressions {
				if expression.Key == key && expression.Operator == corev1.NodeSelectorOpIn && len(expression.Values) > 0 {
					return expression.Values[0]
				}
			}
		}
	}
	return ""
}

// zoneForms are how providers derive the names of zones from those of regions.
var zoneForms = []*regexp.Regexp{
	regexp.MustCompile(`^([a-z]{2,}(?:-[a-z]+)+-[0-9]+)(?:[a-z]|-.+)$`), // AWS: us-east-1a, us-west-2-lax-1a
	regexp.MustCompile(`^([a-z]+-[a-z]+[0-9]+)-[a-z]$`),                 // Google: us-central1-a
	regexp.MustCompile(`^([a-z]{6,}[0-9]?)-[1-3]$`),                     // Azure: westus2-1
}

// regionOfZone is empty for zones of other forms.
func regionOfZone(zone string) string {
	for _, form := range zoneForms {
		if match := form.FindStringSubmatch(zone); match != nil {
			return match[1]
		}
	}
	return ""
}
