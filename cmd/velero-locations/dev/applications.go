package dev

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

// disk is a simulated volume that an application has a claim to.
type disk struct {
	// volume is the name of the PersistentVolume; namespace and claim are those of its claim.
	volume, namespace, claim string
	// size in GiB.
	size int
	// provisioner that would have made the volume in a cluster, and the class of those that it makes.
	provisioner, class string
	source             corev1.PersistentVolumeSource
	// labels of the PersistentVolume.
	labels map[string]string
	// topology are the labels of the nodes that can reach the volume; none: all can.
	topology map[string]string
}

// seedApplications makes what there is to back up: a namespace for each that disks are claimed in, with the
// claims and their volumes, settings and a password.
func seedApplications(ctx context.Context, client typedcorev1.CoreV1Interface, disks []disk) error {
	var seeded []string
	for _, disk := range disks {
		if !slices.Contains(seeded, disk.namespace) {
			if err := seedApplication(ctx, client, disk.namespace); err != nil {
				return err
			}
			seeded = append(seeded, disk.namespace)
		}
		claim, err := ensure(ctx, client.PersistentVolumeClaims(disk.namespace), disk.persistentVolumeClaim())
		if err != nil {
			return err
		}
		if _, err := ensure(ctx, client.PersistentVolumes(), disk.persistentVolume(claim)); err != nil {
			return err
		}
	}
	return nil
}

func seedApplication(ctx context.Context, client typedcorev1.CoreV1Interface, name string) error {
	if err := ensureNamespace(ctx, client, name); err != nil {
		return err
	}
	_, err := ensure(ctx, client.ConfigMaps(name), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "settings", Labels: applicationLabels(name)},
		Data:       map[string]string{"title": "The " + name, "database": name + "-db"},
	})
	if err != nil {
		return err
	}
	_, err = ensure(ctx, client.Secrets(name), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "database", Labels: applicationLabels(name)},
		Type:       corev1.SecretTypeBasicAuth,
		Data:       map[string][]byte{corev1.BasicAuthUsernameKey: []byte(name), corev1.BasicAuthPasswordKey: []byte(rand.Text())},
	})
	return err
}

func applicationLabels(name string) map[string]string { return map[string]string{"app": name} }

var readWriteOnce = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}

func (d disk) capacity() corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(fmt.Sprintf("%dGi", d.size))}
}

// persistentVolumeClaim is bound to the disk's volume.
func (d disk) persistentVolumeClaim() *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Name: d.claim, Labels: applicationLabels(d.namespace), Annotations: map[string]string{"pv.kubernetes.io/bind-completed": "yes"},
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      readWriteOnce,
			Resources:        corev1.VolumeResourceRequirements{Requests: d.capacity()},
			StorageClassName: &d.class,
			VolumeName:       d.volume,
		},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound, AccessModes: readWriteOnce, Capacity: d.capacity()},
	}
}

// persistentVolume is bound to the disk's claim.
func (d disk) persistentVolume(claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name: d.volume, Labels: d.labels, Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": d.provisioner},
		},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes:                   readWriteOnce,
			Capacity:                      d.capacity(),
			StorageClassName:              d.class,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			PersistentVolumeSource:        d.source,
			NodeAffinity:                  nodesWith(d.topology),
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeBound},
	}
}

// nodesWith are the nodes that have the labels.
func nodesWith(labels map[string]string) *corev1.VolumeNodeAffinity {
	if len(labels) == 0 {
		return nil
	}
	var term corev1.NodeSelectorTerm
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		term.MatchExpressions = append(term.MatchExpressions, corev1.NodeSelectorRequirement{
			Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{labels[key]},
		})
	}
	return &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{term}}}
}
