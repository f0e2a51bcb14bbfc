package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// testTold shows what an administrator is told of what there is in the cluster, and what a user of one namespace is not.
func testTold(t *testing.T, c *cluster.Cluster) {
	tenant := c.As(t, "tenant")
	c.Kubectl(t, "create", "rolebinding", "tenant", "-n", cluster.Namespace, "--clusterrole=edit", "--user=tenant")
	devtest.Poll(t, 20*time.Second, "the role edit to be put together", func() bool {
		return tenant.Run(t, "", "auth", "can-i", "create", "backups.velero.io").Code == 0
	})
	makeDefault(t, c, cluster.Namespace)
	defer c.Kubectl(t, "delete", "bsl", "default")
	c.Kubectl(t, "create", "namespace", "warehouse")
	defer c.Kubectl(t, "delete", "namespace", "warehouse", "--wait=false")
	east := strings.Replace(devtest.Location("east", "us-east-1", "", "same"), "namespace: velero", "namespace: warehouse", 1)
	c.KubectlWith(t, east, "create", "-f", "-")

	const backup = "apiVersion: velero.io/v1\nkind: Backup\nmetadata: {name: told}\n" +
		"spec: {includedNamespaces: [warehose, warehouse], includedResources: [deploymnts.apps, cm, namespace], snapshotVolumes: false}\n"
	const (
		namespace = `spec.includedNamespaces[0]: there is no namespace "warehose": did you mean "warehouse"?`
		resource  = `spec.includedResources[0]: the API serves no resource "deploymnts.apps": did you mean "deployments.apps"?`
		named     = `is also the place of location "warehouse/east"`
		unnamed   = "is also the place of a location in another namespace, which is not shown to you"
	)
	for _, tc := range []struct {
		what, manifest string
		user           devtest.Server
		told, hidden   []string
	}{
		{"a backup, to the administrator", backup, c.Server, []string{namespace, resource}, nil},
		{"a backup, to the tenant", backup, tenant, []string{resource}, []string{"includedNamespaces", "warehouse"}},
		{"a location, to the administrator", devtest.Location("west", "us-east-1", "", "same"), c.Server, []string{named}, nil},
		{"a location, to the tenant", devtest.Location("west", "us-east-1", "", "same"), tenant, []string{unnamed}, []string{"warehouse"}},
	} {
		got := tc.user.Run(t, tc.manifest, "create", "--dry-run=server", "-f", "-")
		if got.Code != 0 {
			t.Errorf("%s: %+v", tc.what, got)
		}
		devtest.WantContains(t, got.Stderr, tc.told...)
		for _, word := range tc.hidden {
			if strings.Contains(got.Stderr, word) {
				t.Errorf("%s: it says %q of what the user may not see", tc.what, got.Stderr)
			}
		}
	}
}
