package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// volumeCases are restores of a namespace with a volume of which there is a snapshot.
var volumeCases = map[string]string{
	"same":        `backupName: ours`,
	"of-theirs":   `backupName: theirs`,
	"mapped":      `backupName: ours, namespaceMapping: {shop: copy}`,
	"beside":      `backupName: ours, namespaceMapping: {shop: copy}`, // while the original is there
	"over":        `backupName: ours`,                                 // so here
	"over-update": `backupName: ours, existingResourcePolicy: update`, // and here
	"without":     `backupName: ours, restorePVs: false`,
	"volumes":     `backupName: ours, includedResources: [persistentvolumes]`,
	"namespaced":  `backupName: ours, includeClusterResources: false`,
}

// TestRestoredVolumes has Velero's own server, with its plugin, and our controller restore the same backups with volumes, and compares the
// volumes and claims that are there then, and what the volumes hold.
func TestRestoredVolumes(t *testing.T) {
	c := cluster.Start(t)
	c.Must(t, `velero install --provider aws --plugins velero/velero-plugin-for-aws:v1.14.3 --no-secret --bucket velero-backups --prefix both \
		--backup-location-config region=us-east-1,s3ForcePathStyle=true,s3Url=$AWS_ENDPOINT_URL_S3 --snapshot-location-config region=us-east-1`)
	stock := func() {
		t.Helper()
		c.KubectlWith(t, shop, "apply", "-f", "-")
		c.Kubectl(t, "patch", "pvc", "orders", "-n", "shop", "--subresource=status", "--type=merge", "-p", `{"status":{"phase":"Bound"}}`)
	}
	backUp := func(name string) {
		t.Helper()
		c.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/default", "-n", "velero", "--timeout=60s")
		devtest.WantContains(t, c.Must(t, "velero backup create "+name+" --include-namespaces shop --wait"), "completed with status: Completed")
	}
	stock()
	backUp("ours")
	c.StopController(t)
	c.StartVelero(t)
	backUp("theirs")
	if _, err := simulatorOf(t, c).AdvanceClock(t.Context(), time.Minute); err != nil { // the snapshots are complete
		t.Fatal(err)
	}
	restoreAllOf := func(who string) map[string]outcome {
		got := map[string]outcome{}
		for _, name := range slices.Sorted(maps.Keys(volumeCases)) {
			c.Must(t, "kubectl delete --ignore-not-found namespace shop copy && kubectl delete pv --all")
			if name == "beside" || strings.HasPrefix(name, "over") {
				stock()
			}
			got[name] = restoreVolumes(t, c, name+"-"+who, volumeCases[name])
		}
		return got
	}
	theirs := restoreAllOf("velero")
	c.StopVelero(t)
	c.StartController(t)
	ours := restoreAllOf("ours")
	for name := range volumeCases {
		compareOutcomes(t, name, theirs[name], ours[name])
	}
}

// restoreVolumes restores by a spec, and returns what volumes and claims are there then. In place of their names, volumes of EC2 have what
// they hold, and where they are.
func restoreVolumes(t *testing.T, c *cluster.Cluster, name, spec string) outcome {
	t.Helper()
	c.KubectlWith(t, fmt.Sprintf("apiVersion: velero.io/v1\nkind: Restore\nmetadata: {name: %s, namespace: velero}\nspec: {%s}\n", name, spec), "create", "--validate=ignore", "-f", "-")
	c.Kubectl(t, "wait", "-n", "velero", "--for=jsonpath={.status.completionTimestamp}", "--timeout=120s", "restore/"+name)
	var ended struct {
		Status struct {
			Phase            string
			Errors, Warnings int
		}
	}
	decode(t, c.Kubectl(t, "get", "restores.velero.io", name, "-n", "velero", "-o", "json"), &ended)
	volumes, err := simulatorOf(t, c).Volumes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for _, volume := range volumes {
		pairs = append(pairs, volume.ID, volume.Content+" in "+volume.Zone)
	}
	var list struct{ Items []map[string]any }
	decode(t, strings.NewReplacer(pairs...).Replace(c.Must(t, "kubectl get pv,pvc -A -o json")), &list)
	got := outcome{Phase: ended.Status.Phase, Errors: ended.Status.Errors, Warnings: ended.Status.Warnings, Objects: map[string]any{}}
	for _, object := range list.Items {
		keep(t, got, object, name)
	}
	return got
}
