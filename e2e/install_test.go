package e2e

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestVeleroInstall has Velero's own client install Velero where our server is, take its CRDs away, and uninstall.
func TestVeleroInstall(t *testing.T) {
	c := cluster.StartKubernetes(t)
	c.Serve(t, "--embedded-etcd-dir", c.Path("velero-etcd"))
	devtest.WantContains(t, c.Must(t, `velero install --provider aws --plugins velero/velero-plugin-for-aws:v1.14.3 --no-secret --bucket velero-backups \
		--backup-location-config region=us-east-1 --snapshot-location-config region=us-east-1`), "Velero is installed!")
	wantOurs := func() {
		t.Helper()
		if got := c.Kubectl(t, "get", "apiservices", "v1.velero.io", "v2alpha1.velero.io", "-o", "jsonpath={.items[*].spec.service.name}"); got != "velero-locations velero-locations" {
			t.Errorf("the versions are served by %q", got)
		}
		if got := c.Kubectl(t, "get", "bsl,vsl", "-n", "velero", "-o", "name"); strings.Count(got, "/default\n") != 2 {
			t.Errorf("there are the locations\n%s", got)
		}
	}
	wantOurs()
	const plugins = "jsonpath={.spec.template.spec.initContainers[*].image}"
	c.Must(t, "velero plugin add example.org/plugin:v1 --confirm")
	devtest.WantContains(t, c.Kubectl(t, "get", "deployment", "velero", "-n", "velero", "-o", plugins), "velero-plugin-for-aws:v1.14.3", "example.org/plugin:v1")
	c.Must(t, "velero plugin remove example.org/plugin:v1")
	if got := c.Kubectl(t, "get", "deployment", "velero", "-n", "velero", "-o", plugins); got != "velero/velero-plugin-for-aws:v1.14.3" {
		t.Errorf("Velero's Deployment has the plugins %s", got)
	}
	// kube-apiserver empties a CRD before it lets go of it. Of one that it never served it may put that off until it looks again,
	// minutes later.
	c.Kubectl(t, "delete", "crd", "-l", "component=velero", "--wait=false")
	wantOurs()
	c.Must(t, "velero uninstall --force")
	if got := c.Kubectl(t, "get", "bsl,vsl", "-A", "-o", "name"); got != "" {
		t.Errorf("after Velero's uninstallation there are\n%s", got)
	}
}
