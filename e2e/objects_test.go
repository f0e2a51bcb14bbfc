package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

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
	var manifests, resources []string
	for _, kind := range all {
		manifests, resources = append(manifests, kind.sample), append(resources, kind.resource())
	}
	c.KubectlWith(t, strings.Join(manifests, "---\n"), "create", "-n", "team-b", "-f", "-")
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
	if got := c.Kubectl(t, "get", strings.Join(resources, ","), "-n", "team-b", "-o", "name"); got != "" {
		t.Errorf("of the deleted namespace there is %q", got)
	}
	c.Kubectl(t, "delete", "namespace", "team-b")
}

// testOwners shows that Kubernetes collects what owners leave behind, in each direction between our kinds and its own.
func testOwners(t *testing.T, c *cluster.Cluster) {
	const namespace = "owners"
	c.Kubectl(t, "create", "namespace", namespace)
	defer c.Kubectl(t, "delete", "namespace", namespace)
	makeDefault(t, c, namespace)
	client := dynamicClient(t, c.Server)
	theirs := samplesOf{client.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(namespace), "{apiVersion: v1, kind: ConfigMap, metadata: {name: sample}}"}
	for _, kind := range kinds(t, c) {
		t.Run(kind.Kind, func(t *testing.T) {
			ours := samplesOf{client.Resource(kind.version.WithResource(kind.Name)).Namespace(namespace), kind.sample}

			theirs.own(t, theirs.create(t), ours.create(t))
			ours.delete(t, metav1.DeletePropagationBackground)
			theirs.awaitGone(t)

			owner := theirs.create(t)
			stored := ours.own(t, ours.create(t), owner).GetOwnerReferences()
			if len(stored) != 1 || stored[0].UID != owner.GetUID() || !*stored[0].BlockOwnerDeletion {
				t.Errorf("stored is %+v, want a reference to %s", stored, owner.GetUID())
			}
			theirs.delete(t, metav1.DeletePropagationForeground)
			if _, err := ours.Get(t.Context(), "sample", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("the owner went before what it owns: %v", err)
			}

			theirs.own(t, theirs.create(t), ours.create(t))
			ours.delete(t, metav1.DeletePropagationOrphan)
			devtest.Poll(t, 10*time.Second, "the orphan to have no owner", func() bool {
				orphan, err := theirs.Get(t.Context(), "sample", metav1.GetOptions{})
				if err != nil {
					t.Fatal(err)
				}
				return len(orphan.GetOwnerReferences()) == 0
			})
			theirs.delete(t, metav1.DeletePropagationBackground)
		})
	}
}

// dynamicClient is a user's client of any kind. It is for what is asked of each kind: to start kubectl each time takes a minute more.
func dynamicClient(t *testing.T, user devtest.Server) dynamic.Interface {
	t.Helper()
	client, err := dynamic.NewForConfig(cluster.Config(t, user))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// object is a manifest.
func object(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	var o unstructured.Unstructured
	if err := yaml.Unmarshal([]byte(manifest), &o.Object); err != nil {
		t.Fatal(err)
	}
	return &o
}

// samplesOf are the objects of a kind in a namespace, of which one is named sample.
type samplesOf struct {
	dynamic.ResourceInterface

	manifest string
}

func (s samplesOf) create(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	created, err := s.Create(t.Context(), object(t, s.manifest), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// own makes one object the owner of another, which it returns.
func (s samplesOf) own(t *testing.T, owned, owner *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	patch := fmt.Sprintf(`{"metadata":{"ownerReferences":[{"apiVersion":%q,"kind":%q,"name":%q,"uid":%q,"blockOwnerDeletion":true}]}}`,
		owner.GetAPIVersion(), owner.GetKind(), owner.GetName(), owner.GetUID())
	patched, err := s.Patch(t.Context(), owned.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return patched
}

// delete deletes the sample, and returns when it is gone.
func (s samplesOf) delete(t *testing.T, propagation metav1.DeletionPropagation) {
	t.Helper()
	if err := s.Delete(t.Context(), "sample", metav1.DeleteOptions{PropagationPolicy: &propagation}); err != nil {
		t.Fatal(err)
	}
	s.awaitGone(t)
}

func (s samplesOf) awaitGone(t *testing.T) {
	t.Helper()
	devtest.Poll(t, 30*time.Second, "the sample to be gone", func() bool {
		_, err := s.Get(t.Context(), "sample", metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
		return err != nil
	})
}
