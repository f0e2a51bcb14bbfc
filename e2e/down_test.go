package e2e

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestDown shows what kubectl says with our server away, as docs/operations.md has it: who only asks what there is, is told that
// there is nothing.
func TestDown(t *testing.T) {
	c := cluster.Start(t)
	c.KubectlWith(t, devtest.SnapshotLocation, "apply", "-f", "-")
	watch := c.Watch(t, "get", "vsl", "--watch")
	watch.WantLine(t, "ebs")
	c.Kubectl(t, "annotate", "vsl", "ebs", "-n", "velero", "example.org/seen=yes")
	watch.WantLine(t, "ebs") // now it watches: what came first was a list

	c.StopServer(t)
	if code, stderr := watch.End(t); code != 0 || stderr != "" {
		t.Errorf("a watch ends with exit code %d: %s", code, stderr)
	}
	wantUnavailable := func(args ...string) {
		t.Helper()
		if got := c.Run(t, "", args...); got.Code != 1 || !strings.Contains(got.Stderr, "(ServiceUnavailable)") {
			t.Errorf("kubectl %v: got %+v, want ServiceUnavailable", args, got)
		}
	}
	wantUnavailable("get", "vsl")
	c.Kubectl(t, "wait", "--for=condition=Available=false", "apiservice/v1.velero.io", "apiservice/v2alpha1.velero.io", "--timeout=60s")
	wantUnavailable("get", "vsl") // kubectl remembers the kinds
	if got := c.Run(t, "", "api-resources", "-o", "name"); got.Code != 0 || got.Stderr != "" || strings.Contains(got.Stdout, "velero") || !strings.Contains(got.Stdout, "configmaps") {
		t.Errorf("kubectl api-resources: got %+v, want no word of velero.io", got)
	}
	if got := c.Run(t, "", "get", "vsl"); got.Code != 1 || !strings.Contains(got.Stderr, `the server doesn't have a resource type "vsl"`) {
		t.Errorf("kubectl get: got %+v, want that there is no such kind", got)
	}

	// What tells the truth; the last is what an alert of deploy/components/monitoring asks for.
	wantUnavailable("get", "--raw", "/apis/velero.io/v1")
	if got := c.Run(t, "", "wait", "--for=condition=Available", "--timeout=1s", "apiservice/v1.velero.io"); got.Code != 1 {
		t.Errorf("kubectl wait: got %+v, want that it waits in vain", got)
	}
	devtest.WantContains(t, c.Kubectl(t, "get", "--raw", "/metrics"), `aggregator_unavailable_apiservice{name="v1.velero.io"} 1`)
}
