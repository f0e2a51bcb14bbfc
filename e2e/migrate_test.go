package e2e

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

var migrated = flag.Int("migrated", 1000, "how many Backups TestMigrate moves")

var backupsResource = schema.GroupVersionResource{Group: "velero.io", Version: "v1", Resource: "backups"}

// TestMigrate moves many objects from CRDs to our server: nothing is touched before all of them are known to be accepted, nothing is
// removed that has changed since, and an import that is killed goes on where it stopped.
func TestMigrate(t *testing.T) {
	c := cluster.StartKubernetes(t)
	c.Must(t, "velero install --crds-only --dry-run -o yaml | kubectl apply -f -")
	c.Kubectl(t, "wait", "--for=condition=Established", "crd", "-l", "component=velero", "--timeout=60s")
	c.KubectlWith(t, veleroObjects, "apply", "-f", "-")
	owner := c.Kubectl(t, "get", "schedules.velero.io", "nightly", "-n", "velero", "-o", "jsonpath={.metadata.uid}")
	client := migrant(t, c)
	makeBackups(t, client, owner)

	file := c.Path("velero.jsonl")
	export := "velero-locations migrate export " + file
	c.KubectlWith(t, wrongObjects, "apply", "-f", "-")
	refuse(t, c, export, "backupstoragelocations velero/misspelt: ", `spec.config[regoin]`, "it is no longer the default", "objects are not as they were: mend them in the cluster, and export again")
	c.Kubectl(t, "delete", "bsl", "-n", "velero", "misspelt", "second")
	devtest.WantContains(t, c.Must(t, export), fmt.Sprint(*migrated+3, " objects would be made by this server."))

	load := "velero-locations migrate import " + file
	remove := "velero-locations migrate remove " + file
	c.Kubectl(t, "create", "serviceaccount", "default", "-n", "velero") // as a controller would
	pod := c.KubectlWith(t, veleroPod, "create", "-o", "name", "-f", "-")
	refuse(t, c, remove+" --confirm", "velero runs in pod velero-1 of namespace velero")
	c.Kubectl(t, "delete", strings.TrimSpace(pod), "-n", "velero", "--grace-period=0", "--force")
	refuse(t, c, remove, fmt.Sprint(*migrated+3, " objects would be removed"), "say --confirm")
	c.Kubectl(t, "label", "backups.velero.io", "backup-7", "-n", "velero", "changed=yes")
	refuse(t, c, remove+" --confirm", "1 objects have changed", "backups velero/backup-7")
	c.Must(t, export)
	devtest.WantContains(t, c.Must(t, remove+" --confirm"), fmt.Sprint("Removed ", *migrated+3, " objects, and 13 CustomResourceDefinitions."))
	refuse(t, c, load, "nobody serves velero.io")

	c.Deploy(t, "--embedded-etcd-dir", c.Path("velero-etcd"))
	killImport(t, c, client)
	if got := c.Must(t, load); !strings.Contains(got, "were there already") {
		t.Errorf("after one that was killed, an import says\n%s", got)
	}
	wantMigrated(t, c, client)
	c.Must(t, "velero install --crds-only --dry-run -o yaml | kubectl apply -f -")
	refuse(t, c, load, "there are CustomResourceDefinitions as well")
}

func refuse(t *testing.T, c *cluster.Cluster, line string, want ...string) {
	t.Helper()
	got := c.Shell(t, line)
	if got.Code == 0 {
		t.Fatalf("%s was not refused:\n%s", line, got.Stdout)
	}
	devtest.WantContains(t, got.Stdout+got.Stderr, want...)
}

func migrant(t *testing.T, c *cluster.Cluster) dynamic.Interface {
	t.Helper()
	config := rest.CopyConfig(c.Config)
	config.WarningHandler = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func makeBackups(t *testing.T, client dynamic.Interface, schedule string) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(16)
	for i := range *migrated - 1 { // beside the one that is there
		group.Go(func() error {
			_, err := client.Resource(backupsResource).Namespace("velero").Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "velero.io/v1", "kind": "Backup",
				"metadata": map[string]any{
					"name": fmt.Sprint("backup-", i), "namespace": "velero",
					"ownerReferences": []any{map[string]any{"apiVersion": "velero.io/v1", "kind": "Schedule", "name": "nightly", "uid": schedule}},
				},
				"spec":   map[string]any{"includedNamespaces": []any{"*"}, "storageLocation": "default", "ttl": "720h0m0s"},
				"status": map[string]any{"phase": "Completed", "startTimestamp": "2026-11-22T01:02:03Z", "expiration": "2036-11-22T01:02:03Z", "progress": map[string]any{"itemsBackedUp": int64(i), "totalItems": int64(i)}},
			}}, metav1.CreateOptions{})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// killImport kills an import when it has made some backups, and not all.
func killImport(t *testing.T, c *cluster.Cluster, client dynamic.Interface) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	running := exec.CommandContext(ctx, cluster.Tool(t, "velero-locations"), "migrate", "import", c.Path("velero.jsonl"), "--kubeconfig", c.Path("kubeconfig"))
	watcher, err := client.Resource(backupsResource).Namespace("velero").Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Stop()
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- running.Wait() }()
	for seen := 0; seen < *migrated/10; seen++ {
		select {
		case err := <-ended:
			t.Fatalf("the import has ended before it was killed: %v", err)
		case <-watcher.ResultChan():
		}
	}
	kill()
	if <-ended == nil {
		t.Fatal("the import has ended before it was killed")
	}
}

// wantMigrated compares what is in the cluster with what was made.
func wantMigrated(t *testing.T, c *cluster.Cluster, client dynamic.Interface) {
	t.Helper()
	owner := c.Kubectl(t, "get", "schedules.velero.io", "nightly", "-n", "velero", "-o", "jsonpath={.metadata.uid}")
	count := 0
	list, err := client.Resource(backupsResource).Namespace("velero").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		b := &list.Items[i]
		if b.GetName() == "nightly-1" {
			continue
		}
		count++
		items, _, _ := unstructured.NestedInt64(b.Object, "status", "progress", "itemsBackedUp")
		start, _, _ := unstructured.NestedString(b.Object, "status", "startTimestamp")
		owners := b.GetOwnerReferences()
		if b.GetName() != fmt.Sprint("backup-", items) || start != "2026-11-22T01:02:03Z" || len(owners) != 1 || string(owners[0].UID) != owner {
			t.Fatalf("backup %s became %v", b.GetName(), b.Object)
		}
	}
	if count != *migrated-1 {
		t.Errorf("there are %d backups", count)
	}
}

// wrongObjects are accepted by CRDs.
const wrongObjects = `apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: misspelt, namespace: velero}
spec:
  provider: aws
  config: {regoin: us-east-1}
  objectStorage: {bucket: velero-backups, prefix: misspelt}
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: second, namespace: velero}
spec:
  provider: aws
  default: true
  config: {region: us-east-1}
  objectStorage: {bucket: velero-backups, prefix: second}
`

const veleroPod = `apiVersion: v1
kind: Pod
metadata: {name: velero-1, namespace: velero, labels: {deploy: velero}}
spec:
  automountServiceAccountToken: false
  containers: [{name: velero, image: velero}]
`
