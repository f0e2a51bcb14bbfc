package e2e

import (
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestRestart stops our server and starts it again while kube-apiserver goes on: meanwhile the cluster says that it is not
// there, and only requests for our kinds fail; afterwards nothing is lost, who watched goes on to see what happens, and who asks for
// what happened before is told to begin anew.
func TestRestart(t *testing.T) {
	c := cluster.Start(t)
	testRestart(t, c, func() { c.StopServer(t) }, func() { c.StartServer(t, "--embedded-etcd-dir", c.Path("velero-etcd")) })
}

func testRestart(t *testing.T, c *cluster.Cluster, stop, start func()) {
	t.Helper()
	c.KubectlWith(t, devtest.Location("before", "us-east-1", "", "before"), "apply", "-f", "-")
	c.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/before", "--timeout=20s")

	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	informer := dynamicinformer.NewFilteredDynamicInformer(client, snapshotLocations, cluster.Namespace, 0, nil, nil)
	go informer.Informer().RunWithContext(t.Context())
	locations := client.Resource(snapshotLocations).Namespace(cluster.Namespace)
	seen := func(name string) func() bool {
		return func() bool {
			_, err := informer.Lister().ByNamespace(cluster.Namespace).Get(name)
			return err == nil
		}
	}
	before, err := locations.Create(t.Context(), newSnapshotLocation("before"), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locations.Create(t.Context(), newSnapshotLocation("later"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	devtest.Poll(t, 10*time.Second, "the informer to see what is there", seen("before"))

	stop()
	got := c.Run(t, "", "get", "--raw", "/apis/velero.io/v1/namespaces/velero/backupstoragelocations")
	if got.Code == 0 || !strings.Contains(got.Stderr, "ServiceUnavailable") && !strings.Contains(got.Stderr, "currently unable to handle the request") {
		t.Errorf("while the server is stopped: %+v, want 503", got)
	}
	c.Kubectl(t, "wait", "--for=condition=Available=false", "apiservice/v1.velero.io", "--timeout=60s")
	c.Kubectl(t, "create", "configmap", "meanwhile")
	devtest.WantContains(t, c.Kubectl(t, "get", "configmap,secret", "-o", "name"), "configmap/meanwhile", "secret/cloud-credentials")

	start()
	c.Kubectl(t, "wait", "--for=condition=Available", "apiservice/v1.velero.io", "--timeout=60s")
	devtest.WantContains(t, c.Kubectl(t, "get", "bsl", "before"), "Available")
	events, err := locations.Watch(t.Context(), metav1.ListOptions{ResourceVersion: before.GetResourceVersion()})
	if err != nil {
		t.Fatal(err)
	}
	defer events.Stop()
	if event := <-events.ResultChan(); event.Type != watch.Error || !apierrors.IsResourceExpired(apierrors.FromObject(event.Object)) {
		t.Errorf("from before the restart on there came %v, want that it is too long ago", event)
	}
	if _, err := locations.Create(t.Context(), newSnapshotLocation("after"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	devtest.Poll(t, time.Minute, "the informer to see what came after the restart", seen("after"))
	c.KubectlWith(t, devtest.Location("after", "us-east-1", "", "after"), "apply", "-f", "-")
	c.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/after", "--timeout=60s")
}
