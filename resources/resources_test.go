package resources

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

func serve(t *testing.T, handler http.HandlerFunc) *rest.Config {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &rest.Config{Host: server.URL}
}

func TestDiscover(t *testing.T) {
	all := metav1.Verbs{"create", "delete", "get", "list", "watch"}
	write := func(w http.ResponseWriter, body any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(body); err != nil {
			t.Error(err)
		}
	}
	group := func(name, version string) metav1.APIGroup {
		v := metav1.GroupVersionForDiscovery{GroupVersion: name + "/" + version, Version: version}
		return metav1.APIGroup{Name: name, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v}
	}
	config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api":
			write(w, metav1.APIVersions{Versions: []string{"v1"}})
		case "/apis":
			write(w, metav1.APIGroupList{Groups: []metav1.APIGroup{group("apps", "v1"), group("events.k8s.io", "v1"), group("down.example.com", "v1")}})
		case "/api/v1":
			write(w, metav1.APIResourceList{GroupVersion: "v1", APIResources: []metav1.APIResource{
				{Name: "bindings", Kind: "Binding", Verbs: metav1.Verbs{"create"}},
				{Name: "configmaps", Kind: "ConfigMap", Namespaced: true, Verbs: all},
				{Name: "events", Kind: "Event", Namespaced: true, Verbs: all},
				{Name: "persistentvolumes", Kind: "PersistentVolume", Verbs: all},
				{Name: "persistentvolumeclaims", Kind: "PersistentVolumeClaim", Namespaced: true, Verbs: all},
				{Name: "pods", Kind: "Pod", Namespaced: true, Verbs: all},
				{Name: "pods/status", Kind: "Pod", Namespaced: true, Verbs: all},
			}})
		case "/apis/apps/v1":
			write(w, metav1.APIResourceList{GroupVersion: "apps/v1", APIResources: []metav1.APIResource{{Name: "deployments", Kind: "Deployment", Namespaced: true, Verbs: all}}})
		case "/apis/events.k8s.io/v1":
			write(w, metav1.APIResourceList{GroupVersion: "events.k8s.io/v1", APIResources: []metav1.APIResource{{Name: "events", Kind: "Event", Namespaced: true, Verbs: all}}})
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	discovered, err := Discover(t.Context(), client)
	if err == nil || !strings.Contains(err.Error(), "down.example.com/v1") {
		t.Errorf("got error %v, want the group that is down", err)
	}
	if !discovered.Knows("bindings") || !discovered.Knows("events.events.k8s.io") {
		t.Error("what is served, but not backed up under that name, is not known")
	}
	var got []string
	for _, r := range discovered.Storable() {
		got = append(got, fmt.Sprintf("%s %s %v", r.GroupResource(), r.Kind, r.Namespaced))
	}
	want := []string{
		"pods Pod true", "persistentvolumeclaims PersistentVolumeClaim true", "persistentvolumes PersistentVolume false",
		"configmaps ConfigMap true", "events Event true", "deployments.apps Deployment true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNames shows which resources people mean.
func TestNames(t *testing.T) {
	served := List{
		{GroupVersionResource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, Aliases: []string{"cm", "configmap"}},
		{GroupVersionResource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Aliases: []string{"deploy", "deployment"}},
		{GroupVersionResource: schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "deployments"}},
	}
	for name, want := range map[string]struct {
		resolved string
		known    bool
		nearest  string
	}{
		"configmaps":              {"configmaps", true, "configmaps"},
		"CM":                      {"configmaps", true, ""},
		"Deployment":              {"deployments.apps", true, "deployments"},
		"deployments.example.com": {"deployments.example.com", true, "deployments.example.com"},
		"deploymnts":              {"deploymnts", false, "deployments"},
		"deploymnts.apps":         {"deploymnts.apps", false, "deployments.apps"},
		"deployments.batch":       {"deployments.batch", false, "deployments.apps"},
		"*.apps":                  {"*.apps", true, ""},
		"*.batch":                 {"*.batch", false, ""},
		"widgets":                 {"widgets", false, ""},
	} {
		if got := served.Resolve(name).String(); got != want.resolved {
			t.Errorf("%s resolves to %s, want %s", name, got, want.resolved)
		}
		if got := served.Knows(name); got != want.known {
			t.Errorf("%s: known is %v", name, got)
		}
		if got := served.Nearest(name); !want.known && got != want.nearest {
			t.Errorf("%s: nearest is %q, want %q", name, got, want.nearest)
		}
	}
}
