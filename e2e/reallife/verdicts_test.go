package reallife

import (
	"encoding/json"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestCorpus applies each manifest of the corpus with kubectl, and compares what it says with the verdict; then it applies what was
// accepted once more, by either way, and wants nothing to change.
func TestCorpus(t *testing.T) {
	c := start(t)
	all := load(t)
	c.Kubectl(t, "create", "namespace", "shop") // what most of them back up

	client := namespaces(all, "")
	prepare(t, c, all, client)
	t.Run("Sets", func(t *testing.T) { testSets(t, c, all, client) })
	t.Run("Verdicts", func(t *testing.T) {
		for i, m := range all {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				judge(t, m.verdict, c.Run(t, in(client[i], m.text), "apply", "-f", "-"))
			})
		}
	})
	t.Run("ClientSideTwice", func(t *testing.T) { testClientSide(t, c, all, client) })

	server := namespaces(all, "-server")
	prepare(t, c, all, server)
	t.Run("ServerSideRefusals", func(t *testing.T) { testRefusals(t, c, all, server) })
	t.Run("ServerSideTwice", func(t *testing.T) { testServerSide(t, c, all, server) })
}

// start returns a cluster without controllers: nothing is checked, and nothing changes but by what is applied.
func start(t *testing.T) *cluster.Cluster {
	t.Helper()
	c := cluster.StartAPI(t)
	c.Serve(t, "--embedded-etcd-dir", c.Path("velero-etcd"))
	// Until the aggregator has the schemas, a second or two, kubectl and Helm leave out what is new to them, and check the rest themselves.
	devtest.Poll(t, time.Minute, "the schemas", func() bool {
		return c.Run(t, "", "get", "--raw", "/openapi/v3/apis/velero.io/v1").Code == 0
	})
	return c
}

// namespaces returns a namespace for each manifest.
func namespaces(all []manifest, suffix string) []string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = strings.ReplaceAll(m.name, "/", "-") + suffix
	}
	return names
}

// prepare makes the namespaces, with what the manifests take for granted.
func prepare(t *testing.T, c *cluster.Cluster, all []manifest, namespaces []string) {
	t.Helper()
	var texts []string
	for i, m := range all {
		texts = append(texts, encode(t, &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: namespaces[i]}}))
		if m.after != "" {
			given, err := os.ReadFile(path.Join("corpus", "given", m.after+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, strings.ReplaceAll(in(namespaces[i], string(given)), "NAMESPACE", namespaces[i]))
		}
		if m.withoutSecrets {
			continue
		}
		for _, secret := range secrets(m) {
			secret.Namespace = namespaces[i]
			texts = append(texts, encode(t, secret))
		}
	}
	c.KubectlWith(t, strings.Join(texts, "\n---\n"), "create", "-f", "-")
}

// secrets are those that a manifest names and does not bring.
func secrets(m manifest) []*corev1.Secret {
	found := map[string]*corev1.Secret{}
	for _, object := range objectsOf(m.text) {
		for _, fields := range [][]string{{"spec", "credential"}, {"spec", "objectStorage", "caCertRef"}} {
			selector, _, _ := unstructured.NestedStringMap(object.Object, fields...)
			name, key := selector["name"], selector["key"]
			if name == "" || key == "" || strings.ToLower(name) != name {
				continue
			}
			if found[name] == nil {
				found[name] = &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: map[string]string{}}
			}
			found[name].StringData[key] = "an example"
		}
	}
	for _, object := range objectsOf(m.text) {
		if object.GetKind() == "Secret" {
			delete(found, object.GetName())
		}
	}
	return slices.Collect(maps.Values(found))
}

func encode(t *testing.T, object any) string {
	t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func judge(t *testing.T, want verdict, got devtest.Result) {
	t.Helper()
	said := got.Stdout + got.Stderr
	for _, text := range want.never {
		if strings.Contains(said, text) {
			t.Errorf("it repeats %q:\n%s", text, said)
		}
	}
	if refused := got.Code != 0; refused != (len(want.errors) > 0) {
		t.Fatalf("refused: %t, want %t\n%s", refused, !refused, said)
	}
	for _, text := range want.errors {
		if !strings.Contains(got.Stderr, text) {
			t.Errorf("it says\n%s\nwant %s", got.Stderr, text)
		}
	}
	if len(want.errors) > 0 {
		return
	}
	warnings := devtest.WarningsOf(got.Stderr)
	if len(warnings) != len(want.warnings) {
		t.Fatalf("it warns of %d, want %d: %q", len(warnings), len(want.warnings), warnings)
	}
	for i, text := range want.warnings {
		if !strings.Contains(warnings[i], text) {
			t.Errorf("it warns\n%s\nwant %s", warnings[i], text)
		}
	}
}
