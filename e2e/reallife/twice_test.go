package reallife

import (
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// accepted returns the manifests that are not refused, each for its namespace, and the objects of all of them.
func accepted(all []manifest, namespaces []string) (text string, objects []string) {
	var texts []string
	for i, m := range all {
		if len(m.verdict.errors) > 0 {
			continue
		}
		texts = append(texts, in(namespaces[i], m.text))
		for _, object := range objectsOf(m.text) {
			objects = append(objects, m.name+": "+object.GetKind()+" "+object.GetName())
		}
	}
	return strings.Join(texts, "\n---\n"), objects
}

// testClientSide applies once more what was applied: kubectl compares what is read back with what was written.
func testClientSide(t *testing.T, c *cluster.Cluster, all []manifest, namespaces []string) {
	text, objects := accepted(all, namespaces)
	lines := strings.Split(strings.TrimSpace(c.KubectlWith(t, text, "apply", "-f", "-")), "\n")
	if len(lines) != len(objects) {
		t.Fatalf("kubectl prints %d lines of %d objects", len(lines), len(objects))
	}
	for i, line := range lines {
		// What kubectl says of a Secret with stringData, which is never read back, is kubectl's own.
		if !strings.HasSuffix(line, " unchanged") && !strings.HasPrefix(line, "secret/") {
			t.Errorf("%s: applied once more: %s", objects[i], line)
		}
	}
}

// testServerSide applies everything twice by the server, which counts a version for each change.
func testServerSide(t *testing.T, c *cluster.Cluster, all []manifest, namespaces []string) {
	text, objects := accepted(all, namespaces)
	const version = `jsonpath={range .items[*]}{.metadata.resourceVersion}{"\n"}{end}`
	versions := func() []string {
		return strings.Split(strings.TrimSpace(c.KubectlWith(t, text, "apply", "--server-side", "-f", "-", "-o", version)), "\n")
	}
	first, second := versions(), versions()
	if len(first) != len(objects) || len(second) != len(objects) {
		t.Fatalf("kubectl prints %d and %d lines of %d objects", len(first), len(second), len(objects))
	}
	for i := range objects {
		if first[i] != second[i] {
			t.Errorf("%s: applied once more, it has version %s, before %s", objects[i], second[i], first[i])
		}
	}
}

// testRefusals applies by the server what is refused when it is applied otherwise. Of fields that there are not, it names only one.
func testRefusals(t *testing.T, c *cluster.Cluster, all []manifest, namespaces []string) {
	for i, m := range all {
		if len(m.verdict.errors) == 0 {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			want := verdict{never: m.verdict.never}
			for _, text := range m.verdict.errors {
				if strings.HasPrefix(text, "unknown field") {
					text = "field not declared in schema"
				}
				want.errors = append(want.errors, text)
			}
			judge(t, want, c.Run(t, in(namespaces[i], m.text), "apply", "--server-side", "-f", "-"))
		})
	}
}
