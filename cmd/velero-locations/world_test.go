package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/simulator"
)

// TestFirstWorld shows what a first start has for backups to take: each simulated volume that is tagged for a claim has a
// PersistentVolume and that claim, bound to each other, in a namespace with some more in it.
func TestFirstWorld(t *testing.T) {
	dir := t.TempDir()
	s := startDev(t, dir)
	config, err := simulator.Load(t.Context(), s.Path("simulator.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	primary := config.Accounts[0]
	ids := map[string]string{} // by the volume's name
	for _, volume := range primary.Volumes {
		ids[volume.Tags["Name"]] = volume.ID
	}

	var volumes corev1.PersistentVolumeList
	s.getJSON(t, &volumes, "pv")
	var claims corev1.PersistentVolumeClaimList
	s.getJSON(t, &claims, "pvc", "--all-namespaces")
	uids := map[string]string{}
	for _, claim := range claims.Items {
		if claim.Status.Phase != corev1.ClaimBound {
			t.Errorf("claim %s is %s", claim.Name, claim.Status.Phase)
		}
		uids[claim.Spec.VolumeName] = string(claim.UID)
	}
	simulated := s.Must(t, "velero-locations simulator volumes -o json")
	wantHandles := map[string]string{
		"shop-orders": "ebs.csi.aws.com " + ids["shop-orders"],
		"shop-carts":  "ebs.csi.aws.com " + ids["shop-carts"],
		"shop-search": "pxd.portworx.com " + primary.Portworx[0].Volumes[0].ID,
		"blog-media":  "disk.csi.azure.com /subscriptions/" + primary.Azure.Subscriptions[0].ID + "/resourceGroups/applications/providers/Microsoft.Compute/disks/blog-media",
		"blog-posts":  "in-tree aws://us-west-1a/" + ids["blog-posts"],
	}
	for _, volume := range volumes.Items {
		handle := "none"
		if csi := volume.Spec.CSI; csi != nil {
			handle = csi.Driver + " " + csi.VolumeHandle
		}
		if ebs := volume.Spec.AWSElasticBlockStore; ebs != nil {
			handle = "in-tree " + ebs.VolumeID
		}
		_, id, _ := strings.Cut(handle, " ")
		if id = strings.TrimPrefix(id, "aws://us-west-1a/"); !strings.Contains(simulated, `"id": "`+id+`"`) {
			t.Errorf("the simulator has no volume %q", id)
		}
		if want := wantHandles[volume.Name]; handle != want {
			t.Errorf("PersistentVolume %s is %q, want %q", volume.Name, handle, want)
		}
		if volume.Status.Phase != corev1.VolumeBound || string(volume.Spec.ClaimRef.UID) != uids[volume.Name] {
			t.Errorf("PersistentVolume %s is %s to %v, but the claim is %s", volume.Name, volume.Status.Phase, volume.Spec.ClaimRef, uids[volume.Name])
		}
		delete(wantHandles, volume.Name)
	}
	if len(wantHandles) > 0 {
		t.Errorf("there is no PersistentVolume for %v", wantHandles)
	}
	devtest.WantContains(t, s.Kubectl(t, "get", "pv", "shop-carts", "-o", "jsonpath={.spec.nodeAffinity}"),
		`{"key":"topology.ebs.csi.aws.com/zone","operator":"In","values":["us-east-1b"]}`)
	devtest.WantContains(t, s.Kubectl(t, "get", "pv", "blog-media", "-o", "jsonpath={.spec.nodeAffinity}"),
		`{"key":"topology.disk.csi.azure.com/zone","operator":"In","values":["eastus-1"]}`)
	devtest.WantContains(t, s.Kubectl(t, "get", "configmaps,secrets,pvc", "--namespace", "shop", "--selector", "app=shop", "-o", "name"),
		"configmap/settings", "secret/database", "persistentvolumeclaim/orders", "persistentvolumeclaim/carts", "persistentvolumeclaim/search")
	devtest.WantContains(t, strings.Join(strings.Fields(s.Kubectl(t, "get", "pv,pvc", "--namespace", "blog")), " "),
		"persistentvolume/blog-posts 8Gi RWO Delete Bound blog/posts gp3 <unset>", "persistentvolumeclaim/posts Bound blog-posts 8Gi RWO gp3 <unset>")

	s.Kubectl(t, "delete", "pvc", "posts", "--namespace", "blog")
	s.signal(t, syscall.SIGTERM)
	s = startDev(t, dir)
	if got := s.Kubectl(t, "get", "pvc", "--namespace", "blog", "-o", "name"); got != "persistentvolumeclaim/media\n" {
		t.Errorf("after a second start there are the claims %s, want none but media, as before", got)
	}
}

// TestWorldOfOnesOwn: volumes of a simulator.yaml that was there before the first start have their objects, too.
func TestWorldOfOnesOwn(t *testing.T) {
	dir := t.TempDir()
	err := os.WriteFile(dir+"/simulator.yaml", []byte(`apiVersion: simulator.velero-locations.io/v1alpha1
kind: Simulator
regions: [eu-west-1]
accounts:
- id: "111111111111"
  accessKeys: [{id: AKIA, secret: topsecret}]
  volumes:
  - {id: vol-0123456789abcdef0, availabilityZone: eu-west-1a, size: 2}
  - id: vol-0123456789abcdef1
    availabilityZone: eu-west-1c
    size: 3
    tags: {kubernetes.io/created-for/pvc/namespace: mail, kubernetes.io/created-for/pvc/name: inbox, kubernetes.io/created-for/pv/name: pv1}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s := startDev(t, dir)
	var volumes corev1.PersistentVolumeList
	s.getJSON(t, &volumes, "pv")
	if len(volumes.Items) != 1 || volumes.Items[0].Name != "pv1" || volumes.Items[0].Labels[corev1.LabelTopologyRegion] != "eu-west-1" {
		t.Errorf("there are PersistentVolumes %+v, want pv1 in eu-west-1", volumes.Items)
	}
	devtest.WantContains(t, s.Kubectl(t, "get", "pvc", "--namespace", "mail"), "inbox   Bound    pv1      3Gi")
}

// getJSON reads what kubectl gets.
func (s *server) getJSON(t *testing.T, into any, args ...string) {
	t.Helper()
	if err := json.Unmarshal([]byte(s.Kubectl(t, append([]string{"get", "-o", "json"}, args...)...)), into); err != nil {
		t.Fatal(err)
	}
}
