// Package chart compares the Helm chart with the manifests in deploy/ that it is made from.
package chart

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// home is the namespace that deploy/ installs to. Helm makes the one that the chart is installed to itself.
const home = "velero-locations"

// cases are, by what is composed with kustomize, the values that give the same.
var cases = []struct {
	overlay    string
	components []string
	values     string
}{
	{"embedded-etcd", nil, ""},
	{"external-etcd", nil, external},
	{"embedded-etcd", []string{"all-namespaces"}, `namespace: ""`},
	{"embedded-etcd", []string{"backups"}, `backups: {enabled: true}`},
	{"embedded-etcd", []string{"monitoring"}, `monitoring: {enabled: true}`},
	{"embedded-etcd", []string{"snapshots"}, `snapshots: {enabled: true}`},
	{"embedded-etcd", []string{"simulator"}, `simulator: {enabled: true}`},
	{"embedded-etcd", []string{"all-namespaces", "backups", "snapshots", "monitoring", "simulator"}, "namespace: ''\nmonitoring: {enabled: true}" + simulated},
	{"external-etcd", []string{"all-namespaces", "backups", "monitoring"}, external + "\nnamespace: ''\nbackups: {enabled: true}\nmonitoring: {enabled: true}"},
	{"simulator", nil, simulated},
}

const (
	external  = `etcd: {external: {servers: ["https://etcd-client.etcd.svc:2379"]}}`
	simulated = `
backups: {enabled: true}
snapshots: {enabled: true, s3Url: "http://velero-locations-simulator.velero-locations.svc:9000"}
simulator: {enabled: true}`
)

// TestSame shows that the chart gives the objects that kustomize gives.
func TestSame(t *testing.T) {
	deploy := filepath.Join(cluster.Repository(t), "deploy")
	tried := map[string]bool{}
	for _, tc := range cases {
		name := strings.Join(append([]string{tc.overlay}, tc.components...), "+")
		t.Run(name, func(t *testing.T) {
			tried["overlays/"+tc.overlay] = true
			for _, component := range tc.components {
				tried["components/"+component] = true
			}
			want := kustomize(t, deploy, tc.overlay, tc.components)
			delete(want, "Namespace//"+home)
			got := objects(t, render(t, home, "image: {tag: latest}\n"+tc.values))
			for _, key := range slices.Sorted(maps.Keys(want)) {
				if got[key] == nil {
					t.Errorf("the chart has no %s", key)
				} else if !reflect.DeepEqual(got[key], want[key]) {
					t.Errorf("%s of the chart is\n%s\nof kustomize\n%s", key, text(t, got[key]), text(t, want[key]))
				}
			}
			for key := range got {
				if want[key] == nil {
					t.Errorf("the chart has %s, too", key)
				}
			}
		})
	}
	for _, kind := range []string{"overlays", "components"} {
		folders, err := os.ReadDir(filepath.Join(deploy, kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			if !tried[kind+"/"+folder.Name()] {
				t.Errorf("%s/%s is not compared", kind, folder.Name())
			}
		}
	}
}

// TestValues shows what values of the chart do which nothing in deploy/ does.
func TestValues(t *testing.T) {
	for values, want := range map[string]string{
		"image: {repository: registry.example.org/vl, tag: v9}":             "image: registry.example.org/vl:v9",
		"image: {pullPolicy: Always}":                                       "imagePullPolicy: Always",
		"{}":                                                                "image: velero-locations:v0.0.0",
		"imagePullSecrets: [{name: key}]":                                   `imagePullSecrets: [{"name":"key"}]`,
		"namespace: backups":                                                "--namespace=backups",
		"etcd: {embedded: {size: 20Gi}}":                                    "storage: 20Gi",
		"etcd: {embedded: {storageClass: fast}}":                            `storageClassName: "fast"`,
		"etcd: {embedded: {size: 17Gi, quota: 8Gi}}":                        "--embedded-etcd-quota=8Gi",
		"etcd: {embedded: {quota: 524288Ki}}":                               "--embedded-etcd-quota=524288Ki",
		"etcd: {external: {servers: ['https://a:2379', 'https://b:2379']}}": "--etcd-servers=https://a:2379,https://b:2379",
		"etcd: {external: {servers: ['https://a:2379'], secret: mine}}":     "secretName: mine",
		"{apiserver: {replicas: 3}, " + external + "}":                      "replicas: 3",
		"apiserver: {extraArgs: [--logging-format=json]}":                   `- "--logging-format=json"`,
		"apiserver: {resources: {limits: {memory: 4Gi}}}":                   `"limits":{"ephemeral-storage":"256Mi","memory":"4Gi"}`,
		"controller: {replicas: 2}":                                         "replicas: 2",
		"controller: {extraArgs: [--concurrent-backups=3]}":                 `- "--concurrent-backups=3"`,
		"controller: {lendIdentity: true}":                                  "- --lend-identity",
		"controller: {lendIdentity: true, serviceAccountAnnotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::1:role/velero'}}": `annotations: {"eks.amazonaws.com/role-arn":"arn:aws:iam::1:role/velero"}`,
		"snapshots: {enabled: true, schedule: '@daily', bucket: b, keep: 3}":                                                      "--keep=3",
		"snapshots: {enabled: true, prefix: p, region: eu-west-1, secret: own}":                                                   "secretName: own",
		"snapshots: {enabled: true, s3Url: 'https://minio.example.org'}":                                                          "--s3-url=https://minio.example.org",
	} {
		if got := render(t, home, values); !strings.Contains(got, want) {
			t.Errorf("%s: there is no %q", values, want)
		}
	}
	for line := range strings.Lines(render(t, "elsewhere", "monitoring: {enabled: true}"+simulated)) {
		if strings.Contains(line, "amespace: velero-locations\n") || strings.Contains(line, "namespace=velero-locations\n") ||
			strings.Contains(line, ".velero-locations.svc") && !strings.Contains(line, "s3-url") {
			t.Errorf("installed to another namespace, there is %s", line)
		}
	}
}

// TestUsed shows that each value that values.yaml has is used, and that those are all.
func TestUsed(t *testing.T) {
	c := load(t)
	var templates strings.Builder
	for _, template := range c.Templates {
		templates.Write(template.Data)
	}
	used := map[string]bool{}
	for _, found := range regexp.MustCompile(`\.Values\.([\w.]+)`).FindAllStringSubmatch(templates.String(), -1) {
		used[found[1]] = true
	}
	there := map[string]bool{}
	leaves(c.Values, "", there)
	for value := range there {
		if !used[value] {
			t.Errorf("value %s is used by no template", value)
		}
	}
	for value := range used {
		if !there[value] {
			t.Errorf("value %s is not in values.yaml", value)
		}
	}
}

func leaves(values map[string]any, prefix string, into map[string]bool) {
	for name, value := range values {
		if fields, is := value.(map[string]any); is && len(fields) > 0 && name != "resources" {
			leaves(fields, prefix+name+".", into)
			continue
		}
		into[prefix+name] = true
	}
}

// TestRefusals shows that wrong values are refused, by their names.
func TestRefusals(t *testing.T) {
	for _, tc := range []struct{ values, want string }{
		{"replica: 2", "'replica'"},
		{"controller: {replica: 2}", "'replica'"},
		{"etcd: {external: {server: ['https://a']}}", "'server'"},
		{"etcd: {external: {servers: ['a:2379']}}", "/etcd/external/servers/0"},
		{"image: {pullPolicy: Sometimes}", "/image/pullPolicy"},
		{"backups: {enabled: 'yes'}", "/backups/enabled"},
		{"apiserver: {extraArgs: [v=2]}", "/apiserver/extraArgs/0"},
		{"apiserver: {resources: {limit: {cpu: 1}}}", "'limit'"},
		{"apiserver: {resources: {limits: {mem: 1}}}", "mem"},
		{"snapshots: {keep: 0}", "/snapshots/keep"},
		{"apiserver: {replicas: 2}", "apiserver.replicas: a server with an embedded etcd is one"},
		{"apiserver: {replicas: 0}", "/apiserver/replicas': minimum: got 0, want 1"},
		{"controller: {replicas: -1}", "/controller/replicas': minimum: got -1, want 1"},
		{"etcd: {embedded: {quota: 5Gi}}", "etcd.embedded.quota: the volume needs room for twice as much as 5Gi, and 1Gi, and etcd.embedded.size is 10Gi"},
		{"etcd: {embedded: {size: 1073741824}}", "etcd.embedded.quota: the volume needs room for twice as much as 4Gi"},
		{"etcd: {embedded: {quota: 0}}", "etcd.embedded.quota: nothing fits into it"},
		{"etcd: {embedded: {quota: 4 Gi}}", "/etcd/embedded/quota"},
		{"etcd: {embedded: {quota: -4Gi}}", "/etcd/embedded/quota"},
		{"etcd: {external: {servers: ['http://a:2379']}}", "/etcd/external/servers/0"}, // with certificates, the server refuses it
		{"snapshots: {schedule: 30 2 * *}", "/snapshots/schedule"},
		{"controller: {serviceAccountAnnotations: {eks.amazonaws.com/role-arn: 'arn:aws:iam::1:role/velero'}}", "controller.serviceAccountAnnotations: nobody uses the role"},
		{"{snapshots: {enabled: true}, " + external + "}", "snapshots.enabled: snapshots are of the embedded etcd"},
		{"{simulator: {enabled: true}, " + external + "}", "simulator.enabled: the simulator goes with the embedded etcd"},
	} {
		if _, err := try(t, load(t), home, tc.values); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one with %q", tc.values, err, tc.want)
		}
	}
}

// TestLint has Helm look for what charts do wrong.
func TestLint(t *testing.T) {
	lint := action.NewLint()
	lint.Namespace = home
	result := lint.Run([]string{folder(t)}, nil)
	for _, message := range result.Messages {
		if message.Severity > 1 { // an icon is only recommended
			t.Error(message)
		}
	}
	for _, err := range result.Errors {
		t.Error(err)
	}
}

func folder(t *testing.T) string {
	t.Helper()
	return filepath.Join(cluster.Repository(t), "deploy", "chart")
}

func load(t *testing.T) *helmchart.Chart {
	t.Helper()
	c, err := loader.LoadDir(folder(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func try(t *testing.T, c *helmchart.Chart, namespace, values string) (string, error) {
	t.Helper()
	parsed := map[string]any{}
	if err := sigsyaml.Unmarshal([]byte(values), &parsed); err != nil {
		t.Fatalf("%v: %s", err, values)
	}
	top, err := util.ToRenderValues(c, parsed, common.ReleaseOptions{Name: "velero-locations", Namespace: namespace, IsInstall: true, Revision: 1}, nil)
	if err != nil {
		return "", err
	}
	rendered, err := engine.Render(c, top)
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(rendered)) {
		if strings.HasSuffix(name, ".yaml") {
			fmt.Fprintf(&all, "---\n%s\n", rendered[name])
		}
	}
	return all.String(), nil
}

func render(t *testing.T, namespace, values string) string {
	t.Helper()
	got, err := try(t, load(t), namespace, values)
	if err != nil {
		t.Fatalf("%s: %v", values, err)
	}
	return got
}

func kustomize(t *testing.T, deploy, overlay string, components []string) map[string]map[string]any {
	t.Helper()
	dir := t.TempDir()
	relative := func(elem ...string) string {
		path, err := filepath.Rel(dir, filepath.Join(append([]string{deploy}, elem...)...))
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	var paths []string
	for _, component := range components {
		paths = append(paths, relative("components", component))
	}
	file := "resources: [" + relative("overlays", overlay) + "]\ncomponents: [" + strings.Join(paths, ", ") + "]\n"
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := rendered.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return objects(t, string(manifests))
}

// objects returns those of manifests by kind, namespace and name, without fields that are empty.
func objects(t *testing.T, manifests string) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	for {
		var object map[string]any
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		if len(object) == 0 {
			continue
		}
		metadata, _ := object["metadata"].(map[string]any)
		namespace, _ := metadata["namespace"].(string)
		key := fmt.Sprintf("%s/%s/%s", object["kind"], namespace, metadata["name"])
		if found[key] != nil {
			t.Errorf("there are two %s", key)
		}
		found[key], _ = withoutEmpty(object).(map[string]any)
	}
}

// withoutEmpty drops fields that say nothing, but for selectors, which select all when they are empty.
func withoutEmpty(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, field := range v {
			field = withoutEmpty(field)
			if r := reflect.ValueOf(field); field == nil || name != "podSelector" && (r.Kind() == reflect.Map || r.Kind() == reflect.Slice) && r.Len() == 0 {
				delete(v, name)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
	}
	return value
}

func text(t *testing.T, object map[string]any) string {
	t.Helper()
	data, err := sigsyaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
