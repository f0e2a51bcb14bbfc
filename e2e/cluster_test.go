package e2e

import (
	"os"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// group is the API group that is served.
const group = "velero.io"

// TestCluster runs what leaves a cluster as it found it.
func TestCluster(t *testing.T) {
	testCluster(t, cluster.Start(t))
}

func testCluster(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	long := startWatch(t, c)
	t.Run("Discovery", func(t *testing.T) { testDiscovery(t, c) })
	t.Run("APIResources", func(t *testing.T) { testAPIResources(t, c) })
	t.Run("OpenAPIV2", func(t *testing.T) { testOpenAPIV2(t, c) })
	t.Run("OpenAPIV3", func(t *testing.T) { testOpenAPIV3(t, c) })
	t.Run("Explain", func(t *testing.T) { testExplain(t, c) })
	t.Run("Roles", func(t *testing.T) { testRoles(t, c) })
	t.Run("Reader", func(t *testing.T) { testReader(t, c) })
	t.Run("Told", func(t *testing.T) { testTold(t, c) })
	t.Run("Impostors", func(t *testing.T) { testImpostors(t, c) })
	t.Run("ValidatingAdmissionPolicy", func(t *testing.T) { testValidatingPolicy(t, c) })
	t.Run("MutatingAdmissionPolicy", func(t *testing.T) { testMutatingPolicy(t, c) })
	t.Run("Namespace", func(t *testing.T) { testNamespace(t, c) })
	t.Run("Owners", func(t *testing.T) { testOwners(t, c) })
	t.Run("Watch", long.test)
}

// kind is a kind of the group as the cluster serves it, with an object of it.
type kind struct {
	metav1.APIResource
	version schema.GroupVersion
	// sample is a manifest, without a namespace.
	sample string
}

// resource is the kind's name for kubectl, which no other group's kind has.
func (k kind) resource() string { return k.Name + "." + k.version.Version + "." + k.version.Group }

// kinds are all kinds of the group that the cluster serves.
func kinds(t *testing.T, c *cluster.Cluster) []kind {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	_, lists, err := client.ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	samples := samples(t)
	var found []kind
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range list.APIResources {
			if version.Group != group || strings.Contains(resource.Name, "/") {
				continue
			}
			sample, ok := samples[version.WithKind(resource.Kind)]
			if !ok {
				t.Fatalf("testdata/samples.yaml has no %s of %s", resource.Kind, version)
			}
			found = append(found, kind{resource, version, sample})
		}
	}
	if len(found) == 0 {
		t.Fatalf("the cluster serves no kind of %s", group)
	}
	return found
}

func samples(t *testing.T) map[schema.GroupVersionKind]string {
	t.Helper()
	data, err := os.ReadFile("testdata/samples.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := map[schema.GroupVersionKind]string{}
	for manifest := range strings.SplitSeq(string(data), "---\n") {
		var meta metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(manifest), &meta); err != nil {
			t.Fatal(err)
		}
		found[meta.GroupVersionKind()] = manifest
	}
	return found
}

// makeDefault makes the location that the backups of the samples go to.
func makeDefault(t *testing.T, c *cluster.Cluster, namespace string) {
	t.Helper()
	sample := samples(t)[schema.GroupVersionKind{Group: group, Version: "v1", Kind: "BackupStorageLocation"}]
	location := strings.NewReplacer("name: sample", "name: default", "bucket: velero-backups", "bucket: velero-backups, prefix: default").Replace(sample)
	c.KubectlWith(t, location, "create", "-n", namespace, "-f", "-")
}
