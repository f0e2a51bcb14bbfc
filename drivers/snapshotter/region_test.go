package snapshotter

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// persistentVolume has labels and a node affinity, each given as keys and values in turn.
func persistentVolume(labels, affinity []string) *corev1.PersistentVolume {
	pv := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{}}}
	for i := 0; i < len(labels); i += 2 {
		pv.Labels[labels[i]] = labels[i+1]
	}
	if len(affinity) == 0 {
		return pv
	}
	var term corev1.NodeSelectorTerm
	for i := 0; i < len(affinity); i += 2 {
		term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{
			Key: affinity[i], Operator: corev1.NodeSelectorOpIn, Values: []string{affinity[i+1], "second"},
		})
	}
	pv.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{}, term}}}
	return pv
}

func TestZoneAndRegion(t *testing.T) {
	const (
		zone, region         = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"
		oldZone, oldRegion   = "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"
		ebs, azure, google   = "topology.ebs.csi.aws.com/zone", "topology.disk.csi.azure.com/zone", "topology.gke.io/zone"
		hostname, somewhere  = "kubernetes.io/hostname", "node-1"
		wantZone, wantRegion = "us-east-1a", "us-east-1"
	)
	inTree := persistentVolume(nil, nil)
	inTree.Spec.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "aws://us-east-1a/vol-1"}
	bare := persistentVolume(nil, nil)
	bare.Spec.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "vol-1"}
	elsewhere := persistentVolume(nil, []string{zone, "us-east-1a"})
	elsewhere.Spec.NodeAffinity.Required.NodeSelectorTerms[1].MatchExpressions[0].Operator = corev1.NodeSelectorOpNotIn

	for name, tc := range map[string]struct {
		pv           *corev1.PersistentVolume
		zone, region string
	}{
		"nothing is said":           {persistentVolume(nil, nil), "", ""},
		"an affinity to a node":     {persistentVolume(nil, []string{hostname, somewhere}), "", ""},
		"an affinity to other":      {elsewhere, "", ""},
		"a zone label":              {persistentVolume([]string{zone, "us-east-1a"}, nil), wantZone, wantRegion},
		"an old zone label":         {persistentVolume([]string{oldZone, "us-east-1a"}, nil), wantZone, wantRegion},
		"both labels":               {persistentVolume([]string{oldZone, "us-west-1a", zone, "us-east-1a"}, nil), wantZone, wantRegion},
		"a region label goes first": {persistentVolume([]string{zone, "us-east-1a", region, "elsewhere"}, nil), wantZone, "elsewhere"},
		"an old region label":       {persistentVolume([]string{zone, "1", oldRegion, "eastus"}, nil), "1", "eastus"},
		"a label before affinity":   {persistentVolume([]string{zone, "us-east-1a"}, []string{ebs, "us-west-1a"}), wantZone, wantRegion},
		"the affinity of EBS":       {persistentVolume(nil, []string{zone, "us-west-1a", ebs, "us-east-1a"}), wantZone, wantRegion},
		"an affinity to a zone":     {persistentVolume(nil, []string{zone, "us-east-1a"}), wantZone, wantRegion},
		"an old affinity":           {persistentVolume(nil, []string{oldZone, "us-east-1a"}), wantZone, wantRegion},
		"an affinity to a region":   {persistentVolume(nil, []string{region, "us-east-1"}), "", wantRegion},
		"an id with a zone":         {inTree, "", wantRegion},
		"an id without one":         {bare, "", ""},
		"a local zone":              {persistentVolume([]string{zone, "us-west-2-lax-1a"}, nil), "us-west-2-lax-1a", "us-west-2"},
		"a zone of GovCloud":        {persistentVolume([]string{zone, "us-gov-east-1b"}, nil), "us-gov-east-1b", "us-gov-east-1"},
		"the affinity of Azure":     {persistentVolume(nil, []string{azure, "westus2-1"}), "westus2-1", "westus2"},
		"Azure without zones":       {persistentVolume(nil, []string{azure, ""}), "", ""},
		"the affinity of Google":    {persistentVolume(nil, []string{google, "us-central1-a"}), "us-central1-a", "us-central1"},
		"a zone of another form":    {persistentVolume([]string{zone, "rack-7"}, nil), "rack-7", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ZoneOf(tc.pv); got != tc.zone {
				t.Errorf("zone %q, want %q", got, tc.zone)
			}
			if got := RegionOf(tc.pv); got != tc.region {
				t.Errorf("region %q, want %q", got, tc.region)
			}
		})
	}
}

// inRegion is a snapshotter of which only the region counts.
type inRegion struct {
	Snapshotter
	region string
}

func (s inRegion) Region() string { return s.region }

func TestCheckRegion(t *testing.T) {
	west := persistentVolume([]string{"topology.kubernetes.io/zone", "us-west-1b"}, nil)
	for name, tc := range map[string]struct {
		region string
		pv     *corev1.PersistentVolume
		want   string // empty: no error
	}{
		"the same":       {"us-west-1", west, ""},
		"no region here": {"", west, ""},
		"none there":     {"us-east-1", persistentVolume(nil, nil), ""},
		"another":        {"us-east-1", west, `volume "vol-1" is in region us-west-1, but the location is in us-east-1: back it up with a volume snapshot location of region us-west-1`},
	} {
		err := CheckRegion(inRegion{region: tc.region}, "vol-1", tc.pv)
		if (err == nil) != (tc.want == "") || err != nil && (err.Error() != tc.want || ReasonOf(err) != Elsewhere) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
