//go:build kind

package nodes

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// operator is what there is of the Prometheus operator: its kinds.
const operator = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {kind: ServiceMonitor, plural: servicemonitors, singular: servicemonitor, listKind: ServiceMonitorList}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: prometheusrules.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {kind: PrometheusRule, plural: prometheusrules, singular: prometheusrule, listKind: PrometheusRuleList}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`

// TestComponentsKind has the controllers work with rights in one namespace, and Prometheus find what it is told to scrape.
func TestComponentsKind(t *testing.T) {
	k := cluster.StartNodes(t)
	k.KubectlWith(t, operator, "apply", "-f", "-")
	k.Kubectl(t, "wait", "--for=condition=Established", "crd", "-l", "!component", "--timeout=60s")
	k.InstallWith(t, "simulator", "monitoring")
	k.Reach(t)

	k.KubectlWith(t, devtest.Location("primary", "us-east-1", "", "components"), "apply", "-f", "-")
	k.Wait(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/primary", "-n", "velero", "--timeout=2m")
	k.Must(t, "velero backup create all --storage-location primary --wait")
	wantCompleted(t, k, "backups.velero.io/all")
	for namespace, want := range map[string]string{"velero": "yes", "default": "no"} {
		got := k.Run(t, "", "auth", "can-i", "watch", "secrets", "-n", namespace, "--as=system:serviceaccount:velero-locations:velero-locations-controller")
		if strings.TrimSpace(got.Stdout) != want {
			t.Errorf("whether the controllers may watch Secrets of %s: %+v, want %s", namespace, got, want)
		}
	}
	if log := k.Kubectl(t, "logs", "deployment/velero-locations-controller", "-n", "velero-locations"); strings.Contains(log, "forbidden") {
		t.Errorf("the controllers lack rights:\n%s", log)
	}

	for _, scraped := range []string{"velero-locations", "velero-locations-controller"} {
		selector := k.Kubectl(t, "get", "servicemonitor", scraped, "-n", "velero-locations", "-o", "go-template={{range $k, $v := .spec.selector.matchLabels}}{{$k}}={{$v}},{{end}}")
		if got := k.Kubectl(t, "get", "endpointslices", "-n", "velero-locations", "-l", strings.TrimSuffix(selector, ","), "-o", "jsonpath={.items[*].endpoints[*].addresses[0]}"); got == "" {
			t.Errorf("ServiceMonitor %s finds no endpoint", scraped)
		}
	}
	devtest.WantContains(t, k.Kubectl(t, "get", "--raw", "/api/v1/namespaces/velero-locations/services/velero-locations-controller:metrics/proxy/metrics"),
		`velero_backup_location_status_gauge`)
	response, err := k.Client(t, "admin").Get(k.ServerURL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("the server's metrics: %s, %v", response.Status, err)
	}
	devtest.WantContains(t, string(body), "apiserver_request_total")
}
