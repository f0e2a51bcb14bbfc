package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/rest"
	"k8s.io/kube-openapi/pkg/util/proto"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// shortNames are those of Velero's kinds that have any.
var shortNames = map[string]string{"backupstoragelocations": "bsl", "volumesnapshotlocations": "vsl", "serverstatusrequests": "ssr"}

// verbs that each kind has; a status that cannot be written apart is part of what Velero expects.
var verbs = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}

// testDiscovery compares the two ways to ask what is served, and what is served with what Velero needs.
func testDiscovery(t *testing.T, c *cluster.Cluster) {
	var served apidiscoveryv2.APIGroupDiscovery
	devtest.Poll(t, 30*time.Second, "aggregated discovery to be up to date", func() bool {
		var groups apidiscoveryv2.APIGroupDiscoveryList
		getJSON(t, c, "/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", &groups)
		if groups.Kind != "APIGroupDiscoveryList" {
			t.Fatalf("the answer is a %q", groups.Kind)
		}
		if i := slices.IndexFunc(groups.Items, func(g apidiscoveryv2.APIGroupDiscovery) bool { return g.Name == group }); i >= 0 {
			served = groups.Items[i]
		}
		return len(served.Versions) == len(cluster.Versions(t)) && !slices.ContainsFunc(served.Versions, func(v apidiscoveryv2.APIVersionDiscovery) bool {
			return v.Freshness != apidiscoveryv2.DiscoveryFreshnessCurrent
		})
	})
	for _, version := range served.Versions {
		var list metav1.APIResourceList
		getJSON(t, c, "/apis/"+group+"/"+version.Version, "application/json", &list)
		aggregated, plain := sets.New[string](), sets.New[string]()
		for _, resource := range version.Resources {
			aggregated.Insert(resource.Resource + " " + resource.ResponseKind.Kind + " " + strings.Join(resource.Verbs, ","))
		}
		for _, resource := range list.APIResources {
			plain.Insert(resource.Name + " " + resource.Kind + " " + strings.Join(resource.Verbs, ","))
		}
		if !aggregated.Equal(plain) {
			t.Errorf("%s: aggregated discovery has %v, the other %v", version.Version, sets.List(aggregated), sets.List(plain))
		}
	}
	var plain metav1.APIGroupList
	getJSON(t, c, "/apis", "application/json", &plain)
	if !slices.ContainsFunc(plain.Groups, func(g metav1.APIGroup) bool { return g.Name == group && g.PreferredVersion.Version == "v1" }) {
		t.Errorf("discovery that is not aggregated lacks %s, or prefers another version than v1", group)
	}
}

func getJSON(t *testing.T, c *cluster.Cluster, path, accept string, into any) {
	t.Helper()
	client, err := rest.HTTPClientFor(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.Config.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", accept)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", path, response.Status, body, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func testAPIResources(t *testing.T, c *cluster.Cluster) {
	table := c.Kubectl(t, "api-resources", "--api-group="+group, "-o", "wide", "--no-headers", "--sort-by=name")
	for _, kind := range kinds(t, c) {
		got := slices.Sorted(slices.Values([]string(kind.Verbs)))
		if !slices.Equal(got, verbs) || !kind.Namespaced {
			t.Errorf("%s: verbs %v, namespaced %t; want %v in namespaces", kind.Kind, got, kind.Namespaced, verbs)
		}
		if got := strings.Join(kind.ShortNames, ","); got != shortNames[kind.Name] {
			t.Errorf("%s has the short names %q, want %q", kind.Kind, got, shortNames[kind.Name])
		}
		devtest.WantContains(t, table, kind.Name, kind.Kind, shortNames[kind.Name])
	}
}

// testExplain shows that kubectl finds documentation of each kind.
func testExplain(t *testing.T, c *cluster.Cluster) {
	for _, kind := range kinds(t, c) {
		got := c.Kubectl(t, "explain", kind.Name, "--api-version="+kind.version.String(), "--recursive")
		devtest.WantContains(t, got, "KIND:       "+kind.Kind, "spec\t<", "status\t<")
		if strings.Contains(got, "<empty>") {
			t.Errorf("%s has no description:\n%s", kind.Kind, got)
		}
	}
}

// testOpenAPIV2 reads the document as kubectl, Argo CD and Terraform do.
func testOpenAPIV2(t *testing.T, c *cluster.Cluster) {
	client, err := discovery.NewDiscoveryClientForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	missing := sets.New[string]()
	devtest.Poll(t, 30*time.Second, "the document to have all kinds", func() bool {
		document, err := client.OpenAPISchema()
		if err != nil {
			t.Fatal(err)
		}
		models, err := proto.NewOpenAPIData(document)
		if err != nil {
			t.Fatalf("the document cannot be read: %v", err)
		}
		missing = sets.New[string]()
		for _, kind := range kinds(t, c) {
			missing.Insert(kind.version.String() + " " + kind.Kind)
		}
		for _, name := range models.ListModels() {
			versions, _ := models.LookupModel(name).GetExtensions()["x-kubernetes-group-version-kind"].([]any)
			for _, version := range versions {
				v := version.(map[any]any)
				missing.Delete(v["group"].(string) + "/" + v["version"].(string) + " " + v["kind"].(string))
			}
		}
		return missing.Len() == 0
	})
}

// testOpenAPIV3 reads the documents of our group, in which nothing may be missing that they refer to.
func testOpenAPIV3(t *testing.T, c *cluster.Cluster) {
	client, err := discovery.NewDiscoveryClientForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	root := openapi3.NewRoot(client.OpenAPIV3())
	devtest.Poll(t, 90*time.Second, "kube-apiserver to have asked for the documents, which it does some time after it has found the API", func() bool {
		versions, err := root.GroupVersions()
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(kinds(t, c), func(k kind) bool { return !slices.Contains(versions, k.version) })
	})
	for _, kind := range kinds(t, c) {
		document, err := root.GVSpec(kind.version)
		if err != nil {
			t.Fatal(err)
		}
		path := "/apis/" + kind.version.String() + "/namespaces/{namespace}/" + kind.Name + "/{name}"
		if document.Paths == nil || document.Paths.Paths[path] == nil {
			t.Errorf("there is no path %s", path)
		}
		var found bool
		for _, model := range document.Components.Schemas {
			versions, _ := model.Extensions["x-kubernetes-group-version-kind"].([]any)
			for _, version := range versions {
				v := version.(map[string]any)
				found = found || v["kind"] == kind.Kind && v["version"] == kind.version.Version && len(model.Properties) >= 4 && model.Description != ""
			}
		}
		if !found {
			t.Errorf("%s of %s has no schema with a description", kind.Kind, kind.version)
		}
		data, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(data), `"$ref":"#/components/schemas/`)[1:] {
			name, _, _ := strings.Cut(part, `"`)
			if document.Components.Schemas[name] == nil {
				t.Errorf("%s refers to %s, which is not there", kind.version, name)
			}
		}
	}
}
