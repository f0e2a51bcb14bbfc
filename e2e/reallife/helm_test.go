package reallife

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/action"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestHelm installs and changes a release with locations and a schedule as Helm does, in both of its ways to write objects.
func TestHelm(t *testing.T) {
	c := start(t)
	for namespace, serverSide := range map[string]bool{"client-side": false, "server-side": true} {
		t.Run(namespace, func(t *testing.T) {
			t.Parallel()
			c.Kubectl(t, "create", "namespace", namespace)
			testRelease(t, newRelease(t, c, namespace, serverSide))
		})
	}
}

// release is one of Helm's, with a record of what Helm asks for.
type release struct {
	*cluster.Cluster
	namespace  string
	serverSide bool
	helm       *action.Configuration
	chart      *chart.Chart
	values     map[string]any

	lock  sync.Mutex
	wrote []string
}

func newRelease(t *testing.T, c *cluster.Cluster, namespace string, serverSide bool) *release {
	t.Helper()
	r := &release{Cluster: c, namespace: namespace, serverSide: serverSide, values: map[string]any{}}
	r.helm = c.Helm(t, namespace, func(next http.RoundTripper) http.RoundTripper { return recorder{next, r} })
	var err error
	if r.chart, err = loader.LoadDir("chart"); err != nil {
		t.Fatal(err)
	}
	return r
}

// recorder notes which kinds of velero.io are written, in their order.
type recorder struct {
	http.RoundTripper
	release *release
}

// RoundTrip implements http.RoundTripper.
func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	if parts := strings.Split(request.URL.Path, "/"); request.Method != http.MethodGet && slices.Contains(parts, "velero.io") {
		r.release.lock.Lock()
		r.release.wrote = append(r.release.wrote, parts[min(6, len(parts)-1)])
		r.release.lock.Unlock()
	}
	return r.RoundTripper.RoundTrip(request)
}

func (r *release) install(t *testing.T) {
	t.Helper()
	install := action.NewInstall(r.helm)
	install.ReleaseName, install.Namespace, install.ServerSideApply, install.WaitStrategy, install.Timeout = "backups", r.namespace, r.serverSide, kube.HookOnlyStrategy, time.Minute
	if _, err := install.Run(r.chart, r.values); err != nil {
		t.Fatal(err)
	}
}

func (r *release) upgrade(t *testing.T, changes map[string]any) {
	t.Helper()
	maps.Copy(r.values, changes)
	upgrade := action.NewUpgrade(r.helm)
	upgrade.Namespace, upgrade.WaitStrategy, upgrade.Timeout = r.namespace, kube.HookOnlyStrategy, time.Minute
	if _, err := upgrade.Run("backups", r.chart, r.values); err != nil {
		t.Fatal(err)
	}
}

// read returns fields of the three objects.
func (r *release) read(t *testing.T, fields string) string {
	t.Helper()
	return r.Kubectl(t, "get", "bsl/offsite", "schedule/backups-nightly", "vsl/ebs", "-n", r.namespace, "-o", "jsonpath={range .items[*]}"+fields+"{\" \"}{end}")
}

func testRelease(t *testing.T, r *release) {
	r.install(t)
	// Helm goes by the alphabet: the schedule names a location that is not there yet.
	if want := []string{"backupstoragelocations", "schedules", "volumesnapshotlocations"}; !slices.Equal(r.wrote, want) {
		t.Errorf("Helm wrote %v, want %v", r.wrote, want)
	}
	if got, want := r.read(t, "{.spec.config}"), `{"region":"us-east-1"}  {"region":"us-east-1"} `; got != want {
		t.Errorf("of blank values is left %s, want %s", got, want)
	}

	// What others write stays, and is no conflict.
	r.Kubectl(t, "patch", "bsl/offsite", "-n", r.namespace, "--type=merge", "--field-manager=velero-server", "-p", `{"status":{"phase":"Available"}}`)
	const versions = "{.metadata.generation} {.metadata.resourceVersion}"
	before := r.read(t, versions)
	r.upgrade(t, nil)
	if after := r.read(t, versions); after != before {
		t.Errorf("an upgrade without a change made of\n%s\n%s", before, after)
	}

	r.upgrade(t, map[string]any{"region": "eu-west-1", "profile": "dr", "paused": true, "ttl": "48h"})
	if got, want := r.read(t, "{.metadata.generation}{.spec.config}{.spec.paused}{.status.phase}"), `2{"profile":"dr","region":"eu-west-1"}Available 2true 2{"profile":"dr","region":"eu-west-1"} `; got != want {
		t.Errorf("after the upgrade there is %s, want %s", got, want)
	}

	rollback := action.NewRollback(r.helm)
	rollback.Version, rollback.WaitStrategy, rollback.Timeout = 1, kube.HookOnlyStrategy, time.Minute
	if err := rollback.Run("backups"); err != nil {
		t.Fatal(err)
	}
	if got, want := r.read(t, "{.spec.config}{.status.phase}"), `{"region":"us-east-1"}Available  {"region":"us-east-1"} `; got != want {
		t.Errorf("after the rollback there is %s, want %s", got, want)
	}
	uninstall := action.NewUninstall(r.helm)
	uninstall.WaitStrategy, uninstall.Timeout = kube.HookOnlyStrategy, time.Minute
	if _, err := uninstall.Run("backups"); err != nil {
		t.Fatal(err)
	}
	if got := r.Kubectl(t, "get", "bsl,schedules,vsl", "-n", r.namespace, "-o", "name"); got != "" {
		t.Errorf("the release left %s", got)
	}
}
