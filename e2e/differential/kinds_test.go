package differential

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	velerov1 "github.com/vmware-tanzu/velero/config/crd/v1/crds"
	velerov2alpha1 "github.com/vmware-tanzu/velero/config/crd/v2alpha1/crds"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// kind is a kind of Velero's, with objects of it that both servers accept.
type kind struct {
	crd    *apiextensionsv1.CustomResourceDefinition
	sample sample
}

// sample is what kinds/PLURAL.yaml says of a kind. Objects are without apiVersion, kind and metadata.
type sample struct {
	// Minimal is an object with nothing that could be left out.
	Minimal map[string]any `json:"minimal"`
	// Full are objects that have all fields of the kind between them.
	Full []map[string]any `json:"full"`
	// Change is a merge patch that changes the spec of Minimal, Status one that fills the status.
	Change map[string]any `json:"change"`
	Status map[string]any `json:"status"`
}

func (k *kind) plural() string  { return k.crd.Spec.Names.Plural }
func (k *kind) name() string    { return k.crd.Spec.Names.Kind }
func (k *kind) version() string { return k.crd.Spec.Versions[0].Name }

// groupPath is where the kind's group-version is served.
func (k *kind) groupPath() string { return "/apis/" + k.crd.Spec.Group + "/" + k.version() }

// schema describes the spec and the status.
func (k *kind) schema() map[string]apiextensionsv1.JSONSchemaProps {
	return k.crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties
}

// object returns an object of the kind, with the name that the corpus calls it by.
func (k *kind) object(content map[string]any) map[string]any {
	object := map[string]any{
		"apiVersion": k.crd.Spec.Group + "/" + k.version(), "kind": k.name(),
		"metadata": map[string]any{"name": "one"},
	}
	return merge(object, clone(content))
}

// body returns what the corpus calls by a name: "minimal", "full", "changed", "change" or "status".
func (k *kind) body(name string) (map[string]any, bool) {
	switch name {
	case "minimal":
		return k.object(k.sample.Minimal), true
	case "changed":
		return k.object(merge(clone(k.sample.Minimal), k.sample.Change)), true
	case "full":
		return k.object(k.sample.Full[0]), true
	case "change":
		return clone(k.sample.Change), true
	case "status":
		return clone(k.sample.Status), true
	}
	return nil, false
}

// loadKinds returns the kinds of Velero's CRDs that our server serves.
func loadKinds(t *testing.T, ours *cluster.Cluster) []*kind {
	t.Helper()
	served := servedKinds(t, ours)
	var kinds []*kind
	for _, crd := range slices.Concat(velerov1.CRDs, velerov2alpha1.CRDs) {
		if !served[crd.Spec.Names.Plural] {
			t.Logf("%s: not served, not compared", crd.Spec.Names.Plural)
			continue
		}
		delete(served, crd.Spec.Names.Plural)
		kinds = append(kinds, &kind{crd: crd, sample: loadSample(t, crd.Spec.Names.Plural)})
	}
	if len(served) > 0 {
		t.Errorf("served, but not one of Velero's CRDs: %v", slices.Sorted(maps.Keys(served)))
	}
	return kinds
}

func servedKinds(t *testing.T, ours *cluster.Cluster) map[string]bool {
	t.Helper()
	_, lists, err := ours.Clientset(t).Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, list := range lists {
		for _, resource := range list.APIResources {
			if strings.HasPrefix(list.GroupVersion, "velero.io/") {
				served[resource.Name] = true
			}
		}
	}
	return served
}

func loadSample(t *testing.T, plural string) sample {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("kinds", plural+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var s sample
	if err := yaml.UnmarshalStrict(data, &s); err != nil {
		t.Fatalf("kinds/%s.yaml: %v", plural, err)
	}
	if len(s.Full) == 0 {
		t.Fatalf("kinds/%s.yaml has no full object", plural)
	}
	return s
}

// merge lays one object over another: maps are merged, all else is replaced, by null too.
func merge(object, over map[string]any) map[string]any {
	for key, value := range over {
		below, isMap := object[key].(map[string]any)
		above, overMap := value.(map[string]any)
		if isMap && overMap {
			value = merge(below, above)
		}
		object[key] = value
	}
	return object
}

func clone(object map[string]any) map[string]any {
	data, err := json.Marshal(object)
	if err != nil {
		panic(err) // it was read from YAML
	}
	var copied map[string]any
	if err := json.Unmarshal(data, &copied); err != nil {
		panic(err)
	}
	return copied
}
