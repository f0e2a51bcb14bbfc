package reallife

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// testSets shows all sets of objects that belong together to the server as GitOps tools do, in a dry run and a diff, in which none of
// them comes to be: in the order in which they are written, and backwards. Of one small set, TestSets tries every order.
func testSets(t *testing.T, c *cluster.Cluster, all []manifest, namespaces []string) {
	var forwards, backwards []string
	for i, m := range all {
		objects := objectsOf(m.text)
		// A backup runs now: what it goes to must be there.
		now := func(object unstructured.Unstructured) bool { return object.GetKind() == "Backup" }
		if len(m.verdict.errors) > 0 || len(objects) < 2 || slices.ContainsFunc(objects, now) {
			continue
		}
		for _, object := range objects {
			object.SetNamespace(namespaces[i])
			forwards = append(forwards, encode(t, &object))
		}
		slices.Reverse(objects)
		for _, object := range objects {
			backwards = append(backwards, encode(t, &object))
		}
	}
	if len(forwards) < 50 {
		t.Fatalf("there are %d objects in sets, which is too few to be all", len(forwards))
	}
	for order, objects := range map[string][]string{"forwards": forwards, "backwards": backwards} {
		text := strings.Join(objects, "\n---\n")
		if got := c.Run(t, text, "apply", "--server-side", "--dry-run=server", "-f", "-"); got.Code != 0 || strings.Count(got.Stdout, "(server dry run)") != len(objects) {
			t.Errorf("%s, in a dry run of %d objects: exit code %d\n%s%s", order, len(objects), got.Code, got.Stdout, got.Stderr)
		}
		if got := c.Run(t, text, "diff", "-f", "-"); got.Code != 1 || strings.Count(got.Stdout, "\n+kind: ") != len(objects) {
			t.Errorf("%s, the difference of %d objects: exit code %d\n%s%s", order, len(objects), got.Code, got.Stdout, got.Stderr)
		}
	}
}
