package migrate

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/velero-locations/velero-locations/apis/velero/v2alpha1"
)

var errInterrupted = errors.New("interrupted")

// interrupted is a cluster that answers so many writes, and fails afterwards. Definitions go with their objects, and the APIService of
// version v1 with the last of it, as in a real one.
type interrupted struct {
	*dynamicfake.FakeDynamicClient

	writes int
}

func newInterrupted(t *testing.T, served bool, objects ...runtime.Object) *interrupted {
	t.Helper()
	lists := map[schema.GroupVersionResource]string{definitions: "CustomResourceDefinitionList", apiServices: "APIServiceList", pods: "PodList"}
	for _, kind := range kinds {
		lists[kind] = kind.Resource + "List"
	}
	c := &interrupted{FakeDynamicClient: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists)}
	add := func(resource schema.GroupVersionResource, namespace string, object runtime.Object) {
		if err := c.Tracker().Create(resource, object, namespace); err != nil {
			t.Fatal(err)
		}
	}
	for _, version := range []schema.GroupVersion{backupLocations.GroupVersion(), v2alpha1.SchemeGroupVersion} {
		spec := map[string]any{"group": version.Group}
		if served {
			spec["service"] = map[string]any{"name": "velero-locations"}
		}
		add(apiServices, "", object("APIService", apiServiceName(version), "", spec))
	}
	for _, kind := range kinds {
		if !served {
			add(definitions, "", object("CustomResourceDefinition", kind.GroupResource().String(), "", map[string]any{"group": kind.Group}))
		}
	}
	for _, o := range objects {
		add(backupLocations, "velero", o.DeepCopyObject())
	}
	c.PrependReactor("*", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		if verb := action.GetVerb(); verb != "patch" && verb != "delete" {
			return false, nil, nil
		}
		if c.writes--; c.writes < 0 {
			return true, nil, errInterrupted
		}
		switch {
		case action.GetVerb() == "patch":
			patched := unreleased(t, c, action.(clienttesting.PatchAction).GetName())
			patched.SetFinalizers(nil)
			patched.SetResourceVersion("later")
			return true, patched, c.Tracker().Update(backupLocations, patched, "velero")
		case action.GetResource() == definitions:
			c.undefine(t, action.(clienttesting.DeleteAction).GetName())
		}
		return false, nil, nil
	})
	return c
}

func unreleased(t *testing.T, c *interrupted, name string) *unstructured.Unstructured {
	t.Helper()
	got, err := c.Tracker().Get(backupLocations, "velero", name)
	if err != nil {
		t.Fatal(err)
	}
	return got.(*unstructured.Unstructured).DeepCopy()
}

// undefine does what follows the deletion of a definition.
func (c *interrupted) undefine(t *testing.T, name string) {
	t.Helper()
	if name == backupLocations.GroupResource().String() {
		for _, location := range []string{"plain", "held", "held-too"} {
			if err := c.Tracker().Delete(backupLocations, "velero", location); err != nil {
				t.Fatal(err)
			}
		}
	}
	left, err := c.Tracker().List(definitions, definitions.GroupVersion().WithKind("CustomResourceDefinition"), "")
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]int{}
	for _, crd := range left.(*unstructured.UnstructuredList).Items {
		for _, kind := range kinds {
			if kind.GroupResource().String() == crd.GetName() && crd.GetName() != name {
				of[kind.Version]++
			}
		}
	}
	for _, version := range []schema.GroupVersion{backupLocations.GroupVersion(), v2alpha1.SchemeGroupVersion} {
		if of[version.Version] > 0 {
			continue
		}
		if err := c.Tracker().Delete(apiServices, "", apiServiceName(version)); err != nil && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
	}
}

func object(kind, name, namespace string, spec map[string]any) *unstructured.Unstructured {
	metadata := map[string]any{"name": name, "uid": name, "resourceVersion": "1"}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}}
}

// TestRemoveAgain interrupts a removal before each of its steps in turn: the next one finishes it, and says so.
func TestRemoveAgain(t *testing.T) {
	plain, held, heldToo := object("BackupStorageLocation", "plain", "velero", map[string]any{"provider": "aws"}), object("BackupStorageLocation", "held", "velero", map[string]any{"provider": "aws"}), object("BackupStorageLocation", "held-too", "velero", map[string]any{"provider": "aws"})
	held.SetFinalizers([]string{"example.org/kept"})
	heldToo.SetFinalizers([]string{"example.org/kept"})
	file := filepath.Join(t.TempDir(), "archive")
	err := writeArchive(file, func(put func(schema.GroupVersionResource, *unstructured.Unstructured) error) error {
		return errors.Join(put(backupLocations, plain), put(backupLocations, held), put(backupLocations, heldToo))
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		served bool
		steps  int
	}{"definitions": {false, 2 + len(kinds)}, "APIServices": {true, 2}} {
		for step := range test.steps + 1 {
			fake := newInterrupted(t, test.served, plain, held, heldToo)
			var out bytes.Buffer
			c := command{Command: &cobra.Command{}}
			c.SetOut(&out)
			fake.writes = step
			if err := c.removeFrom(t.Context(), &cluster{fake}, file, true); (step < test.steps) != errors.Is(err, errInterrupted) || step == test.steps && err != nil {
				t.Fatalf("%s, step %d: %v", name, step, err)
			}
			fake.writes = test.steps
			if err := c.removeFrom(t.Context(), &cluster{fake}, file, true); err != nil {
				t.Errorf("%s, again after step %d: %v", name, step, err)
			}
			if step == test.steps && !strings.HasSuffix(out.String(), "nothing is left to remove.\n") || step < test.steps && strings.Count(out.String(), "Removed ") != 1 {
				t.Errorf("%s, again after step %d, it says\n%s", name, step, &out)
			}
			serving, crds, err := (&cluster{fake}).owner(t.Context())
			if err != nil || serving != nobody || len(crds) > 0 {
				t.Errorf("%s, again after step %d: %s, %v, %v", name, step, serving, crds, err)
			}
		}
	}
}

// TestRemoveChanged shows that what was changed for another reason than a removal is not removed.
func TestRemoveChanged(t *testing.T) {
	was := object("BackupStorageLocation", "held", "velero", map[string]any{"provider": "aws"})
	was.SetFinalizers([]string{"example.org/kept"})
	is := was.DeepCopy()
	is.SetFinalizers(nil)
	is.SetResourceVersion("2")
	if !released(was, is) {
		t.Error("what has lost its finalizers is taken for changed")
	}
	is.SetLabels(map[string]string{"changed": "yes"})
	if released(was, is) || released(nil, is) || released(was, was) {
		t.Error("what was changed is taken for released")
	}
}
