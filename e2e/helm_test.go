package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestChart installs the packed chart by Helm, runs its pods, changes values, and uninstalls it.
func TestChart(t *testing.T) {
	c := cluster.StartKubernetes(t)
	repository := cluster.Repository(t)
	packed := filepath.Join(t.TempDir(), "chart.tgz")
	c.Must(t, "go run -C '"+repository+"' ./hack/chart -package v1.2.3 -output '"+packed+"'")
	chart, err := loader.LoadFile(packed)
	if err != nil {
		t.Fatal(err)
	}
	if got := chart.Metadata.Version; got != "1.2.3" {
		t.Errorf("the chart's version is %s", got)
	}
	helm := c.Helm(t, home, nil)
	install := action.NewInstall(helm)
	install.ReleaseName, install.Namespace, install.CreateNamespace, install.WaitStrategy, install.Timeout = "velero-locations", home, true, kube.HookOnlyStrategy, time.Minute
	if _, err := install.Run(chart, map[string]any{}); err != nil {
		t.Fatal(err)
	}
	if got := c.Kubectl(t, "get", "statefulset/velero-locations", "-n", home, "-o", "jsonpath={.spec.template.spec.containers[0].image}"); got != "velero-locations:v1.2.3" {
		t.Errorf("the server's image is %s", got)
	}
	certificates := c.Pod(t, "deployment/velero-locations-certificates", "--health-address=")
	c.Kubectl(t, "wait", "--for=create", "secret/velero-locations-serving", "-n", home, "--timeout=60s")
	server, controller := serveAndControl(t, c)

	upgrade := action.NewUpgrade(helm)
	upgrade.Namespace, upgrade.WaitStrategy, upgrade.Timeout = home, kube.HookOnlyStrategy, time.Minute
	upgrade.ForceConflicts = true // with Expose, which sends requests to loopback
	if _, err := upgrade.Run("velero-locations", chart, map[string]any{"namespace": "", "backups": map[string]any{"enabled": true}}); err != nil {
		t.Fatal(err)
	}
	wantSecrets(t, c, map[string]string{"default": "yes"})
	// caBundle, which certificates writes, is not taken away by an upgrade.
	if got := c.Kubectl(t, "get", "apiservice/v1.velero.io", "-o", "jsonpath={.spec.caBundle}"); got == "" {
		t.Error("after an upgrade the server is not trusted")
	}

	c.Kubectl(t, "delete", "apiservice", "v1.velero.io", "v2alpha1.velero.io")
	uninstall := action.NewUninstall(helm)
	uninstall.WaitStrategy, uninstall.Timeout = kube.HookOnlyStrategy, time.Minute
	if _, err := uninstall.Run("velero-locations"); err != nil {
		t.Fatal(err)
	}
	if got := c.Kubectl(t, "get", "clusterroles,clusterrolebindings,rolebindings,deployments,statefulsets", "-A", "-o", "name"); strings.Contains(got, "velero-locations") {
		t.Errorf("the release left\n%s", got)
	}
	for _, pod := range []*cluster.Pod{controller, server.Pod, certificates} {
		pod.Stop(t)
	}
}
