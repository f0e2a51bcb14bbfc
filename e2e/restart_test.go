package e2e

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"

	"github.com/velero-locations/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestRestart stops our server and starts it again while kube-apiserver goes on: meanwhile the cluster says that it is not
// there, and only requests for our kinds fail; afterwards nothing is lost, and who watched goes on to see what happens.
func TestRestart(t *testing.T) {
	c := cluster.Start(t)
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
	if _, err := locations.Create(t.Context(), newSnapshotLocation("before"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	devtest.Poll(t, 10*time.Second, "the informer to see what is there", seen("before"))

	c.StopServer(t)
	got := c.Run(t, "", "get", "--raw", "/apis/velero.io/v1/namespaces/velero/backupstoragelocations")
	if got.Code == 0 || !strings.Contains(got.Stderr, "ServiceUnavailable") && !strings.Contains(got.Stderr, "currently unable to handle the request") {
		t.Errorf("while the server is stopped: %+v, want 503", got)
	}
	c.Kubectl(t, "wait", "--for=condition=Available=false", "apiservice/v1.velero.io", "--timeout=60s")
	c.Kubectl(t, "create", "configmap", "meanwhile")
	devtest.WantContains(t, c.Kubectl(t, "get", "configmap,secret", "-o", "name"), "configmap/meanwhile", "secret/cloud-credentials")

	c.StartServer(t, "--embedded-etcd-dir", c.Path("velero-etcd"))
	c.Kubectl(t, "wait", "--for=condition=Available", "apiservice/v1.velero.io", "--timeout=60s")
	devtest.WantContains(t, c.Kubectl(t, "get", "bsl", "before"), "Available")
	if _, err := locations.Create(t.Context(), newSnapshotLocation("after"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	devtest.Poll(t, time.Minute, "the informer to see what came after the restart", seen("after"))
	c.KubectlWith(t, devtest.Location("after", "us-east-1", "", "after"), "apply", "-f", "-")
	c.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/after", "--timeout=60s")
}
