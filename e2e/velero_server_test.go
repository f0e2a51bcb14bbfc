package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
	"github.com/velero-locations/velero-locations/simulator/control"
)

// shop is what is backed up: a namespace with a ConfigMap, and a claim that is bound to a volume of EBS.
var shop = fmt.Sprintf(`apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {currency: EUR}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: orders, labels: {topology.kubernetes.io/zone: us-east-1a}}
spec:
  capacity: {storage: 8Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
  claimRef: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: orders}
  csi: {driver: ebs.csi.aws.com, volumeHandle: %s}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: orders, namespace: shop}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
  volumeName: orders
  resources: {requests: {storage: 8Gi}}
`, cluster.Volume)

// TestVeleroServer has Velero's own server, behind the aggregator, restore what our controllers backed up, and our
// controllers delete what it backed up: the objects and the volume.
func TestVeleroServer(t *testing.T) {
	c := cluster.Start(t)
	c.Must(t, `velero install --provider aws --plugins velero/velero-plugin-for-aws:v1.14.3 --no-secret --bucket velero-backups --prefix both \
		--backup-location-config region=us-east-1,s3ForcePathStyle=true,s3Url=$AWS_ENDPOINT_URL_S3 --snapshot-location-config region=us-east-1`)
	available := func() {
		t.Helper()
		c.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/default", "-n", "velero", "--timeout=60s")
	}
	bind := func() { // as the controller of volumes does
		t.Helper()
		c.Kubectl(t, "patch", "pvc", "orders", "-n", "shop", "--subresource=status", "--type=merge", "-p", `{"status":{"phase":"Bound"}}`)
	}
	completed := func(command string) {
		t.Helper()
		devtest.WantContains(t, c.Must(t, command), "completed with status: Completed")
	}
	c.KubectlWith(t, shop, "apply", "-f", "-")
	bind()
	available()
	completed("velero backup create ours --include-namespaces shop --wait")
	c.StopController(t)

	c.Kubectl(t, "delete", "namespace/shop", "pv/orders")
	c.StartVelero(t)
	available()
	completed("velero restore create back --from-backup ours --wait")
	devtest.WantContains(t, c.Must(t, "velero restore describe back --details"), "Completed", "shop/settings(created)")
	devtest.WantContains(t, c.Must(t, "velero restore logs back"), "starting restore")
	if got := c.Kubectl(t, "get", "configmap", "settings", "-n", "shop", "-o", "jsonpath={.data.currency}"); got != "EUR" {
		t.Errorf("the ConfigMap came back with %q", got)
	}
	wantCopy(t, c, c.Kubectl(t, "get", "pv", "orders", "-o", "jsonpath={.spec.csi.volumeHandle}"))
	bind()
	completed("velero backup create theirs --include-namespaces shop --wait")
	c.StopVelero(t)

	c.StartController(t)
	devtest.WantContains(t, c.Must(t, "velero-locations backup describe theirs --details"), "shop/settings", "Snapshot ID:", "succeeded")
	if _, err := simulatorOf(t, c).AdvanceClock(t.Context(), time.Minute); err != nil { // the snapshot is complete
		t.Fatal(err)
	}
	devtest.WantContains(t, c.Must(t, "velero-locations backup verify theirs"), `Backup "theirs" is verified. Can be restored: all of `, " and 1 volume.")
	if got := snapshotsOf(t, c, "theirs"); got != 1 {
		t.Errorf("Velero took %d snapshots", got)
	}
	c.Must(t, "velero-locations backup delete theirs --confirm")
	c.Kubectl(t, "wait", "--for=delete", "backups.velero.io/theirs", "-n", "velero", "--timeout=60s")
	if got := snapshotsOf(t, c, "theirs"); got != 0 {
		t.Errorf("there are still %d snapshots", got)
	}
	for object := range c.S3(t, "us-east-1", "primary").ListObjectsIter(t.Context(), "velero-backups", minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil || strings.Contains(object.Key, "/theirs/") {
			t.Errorf("there is still %s, %v", object.Key, object.Err)
		}
	}
}

// wantCopy checks that a volume is another one than that which was backed up, and holds the same.
func wantCopy(t *testing.T, c *cluster.Cluster, id string) {
	t.Helper()
	volumes, err := simulatorOf(t, c).Volumes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string]string{}
	for _, volume := range volumes {
		contents[volume.ID] = volume.Content
	}
	if id == cluster.Volume || contents[id] == "" || contents[id] != contents[cluster.Volume] {
		t.Errorf("the volume came back as %q, of %v", id, contents)
	}
}

func snapshotsOf(t *testing.T, c *cluster.Cluster, backup string) int {
	t.Helper()
	snapshots, err := simulatorOf(t, c).Snapshots(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, snapshot := range snapshots {
		if snapshot.Tags["velero.io/backup"] == backup {
			n++
		}
	}
	return n
}

func simulatorOf(t *testing.T, c *cluster.Cluster) *control.Client {
	t.Helper()
	return &control.Client{Address: c.Exported(t, "VELERO_LOCATIONS_SIMULATOR")}
}
