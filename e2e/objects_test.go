package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// elsewhere moves a location to a bucket named so.
func elsewhere(location string) string {
	return strings.Replace(location, "bucket: velero-backups", "bucket: elsewhere", 1)
}

// testNamespace deletes a namespace that has an object of each kind, one of which is held by a finalizer.
func testNamespace(t *testing.T, c *cluster.Cluster) {
	c.Kubectl(t, "create", "namespace", "team-b")
	makeDefault(t, c, "team-b")
	all := kinds(t, c)
	for _, kind := range all {
		c.KubectlWith(t, kind.sample, "create", "-n", "team-b", "-f", "-")
	}
	held := all[0].resource()
	c.Kubectl(t, "patch", held, "sample", "-n", "team-b", "--type=merge", "-p", `{"metadata":{"finalizers":["example.org/held"]}}`)
	c.Kubectl(t, "delete", "namespace", "team-b", "--wait=false")
	c.Kubectl(t, "wait", "--for=jsonpath={.status.conditions[?(@.type=='NamespaceFinalizersRemaining')].status}=True", "namespace/team-b", "--timeout=60s")
	devtest.WantContains(t, c.Kubectl(t, "get", "namespace", "team-b", "-o", "jsonpath={.status.conditions[*].message}"),
		"example.org/held in 1 resource instances", all[0].Name+"."+group+" has 1 resource instances")
	got := c.Run(t, all[0].sample, "create", "-n", "team-b", "-f", "-")
	if got.Code == 0 || !strings.Contains(got.Stderr, "because it is being terminated") && !strings.Contains(got.Stderr, "already exists") {
		t.Errorf("creating in a namespace that is being deleted: %+v", got)
	}

	c.Kubectl(t, "patch", held, "sample", "-n", "team-b", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	c.Kubectl(t, "wait", "--for=delete", "namespace/team-b", "--timeout=60s")
	c.Kubectl(t, "create", "namespace", "team-b")
	for _, kind := range all {
		if got := c.Kubectl(t, "get", kind.resource(), "-n", "team-b", "-o", "name"); got != "" {
			t.Errorf("of the deleted namespace there is %q", got)
		}
	}
	c.Kubectl(t, "delete", "namespace", "team-b")
}

// testOwners shows that Kubernetes collects what owners leave behind, in each direction between our kinds and its own.
func testOwners(t *testing.T, c *cluster.Cluster) {
	const namespace = "owners"
	c.Kubectl(t, "create", "namespace", namespace)
	defer c.Kubectl(t, "delete", "namespace", namespace)
	makeDefault(t, c, namespace)
	for _, kind := range kinds(t, c) {
		t.Run(kind.Kind, func(t *testing.T) {
			c.KubectlWith(t, kind.sample, "create", "-n", namespace, "-f", "-")
			c.Kubectl(t, "create", "configmap", "sample", "-n", namespace)
			setOwner(t, c, "configmap/sample", kind.resource()+"/sample")
			c.Kubectl(t, "delete", kind.resource(), "sample", "-n", namespace)
			c.Kubectl(t, "wait", "--for=delete", "configmap/sample", "-n", namespace, "--timeout=30s")

			c.Kubectl(t, "create", "configmap", "sample", "-n", namespace)
			c.KubectlWith(t, kind.sample, "create", "-n", namespace, "-f", "-")
			uid := setOwner(t, c, kind.resource()+"/sample", "configmap/sample")
			var stored []metav1.OwnerReference
			if err := json.Unmarshal([]byte(c.Kubectl(t, "get", kind.resource(), "sample", "-n", namespace, "-o", "jsonpath={.metadata.ownerReferences}")), &stored); err != nil {
				t.Fatal(err)
			}
			if len(stored) != 1 || string(stored[0].UID) != uid || !*stored[0].BlockOwnerDeletion {
				t.Errorf("stored is %+v, want a reference to %s", stored, uid)
			}
			c.Kubectl(t, "delete", "configmap", "sample", "-n", namespace, "--cascade=foreground")
			if got := c.Run(t, "", "get", kind.resource(), "sample", "-n", namespace); got.Code == 0 {
				t.Error("the owner went before what it owns")
			}

			c.Kubectl(t, "create", "configmap", "sample", "-n", namespace)
			c.KubectlWith(t, kind.sample, "create", "-n", namespace, "-f", "-")
			setOwner(t, c, "configmap/sample", kind.resource()+"/sample")
			c.Kubectl(t, "delete", kind.resource(), "sample", "-n", namespace, "--cascade=orphan")
			devtest.Poll(t, 10*time.Second, "the orphan to have no owner", func() bool {
				return c.Kubectl(t, "get", "configmap", "sample", "-n", namespace, "-o", "jsonpath={.metadata.ownerReferences}") == ""
			})
			c.Kubectl(t, "delete", "configmap", "sample", "-n", namespace)
		})
	}
}

// setOwner makes one object the owner of another and returns its UID.
func setOwner(t *testing.T, c *cluster.Cluster, owned, owner string) string {
	t.Helper()
	identity := strings.Fields(c.Kubectl(t, "get", owner, "-n", "owners", "-o", "jsonpath={.apiVersion} {.kind} {.metadata.name} {.metadata.uid}"))
	patch := fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":%q,"kind":%q,"name":%q,"uid":%q,"blockOwnerDeletion":true}]}}`,
		identity[0], identity[1], identity[2], identity[3])
	c.Kubectl(t, "patch", owned, "-n", "owners", "--type=merge", "-p", patch)
	return identity[3]
}
