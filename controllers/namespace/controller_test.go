package namespace

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

const (
	coreResources = `{"kind":"APIResourceList","groupVersion":"v1","resources":[
		{"name":"namespaces","namespaced":false,"kind":"Namespace","verbs":["get","list","deletecollection"]},
		{"name":"secrets","namespaced":true,"kind":"Secret","verbs":["get","list","delete","deletecollection"]},
		{"name":"bindings","namespaced":true,"kind":"Binding","verbs":["create"]}]}`
	veleroResources = `{"kind":"APIResourceList","groupVersion":"velero.io/v1","resources":[
		{"name":"backups","namespaced":true,"kind":"Backup","verbs":["get","list","delete","deletecollection"]}]}`
	veleroGroup = `{"kind":"APIGroupList","groups":[{"name":"velero.io",
		"versions":[{"groupVersion":"velero.io/v1","version":"v1"}],"preferredVersion":{"groupVersion":"velero.io/v1","version":"v1"}}]}`
)

// server is an API of one namespace with two kinds of objects in it.
type server struct {
	t          *testing.T
	finalizers []string
	deleting   bool
	broken     string // the path that answers with an error
	kept       string // what deleting does not delete
	objects    map[string]int
	requests   []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	resource := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	switch {
	case r.URL.Path == s.broken:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/api":
		fmt.Fprint(w, `{"kind":"APIVersions","versions":["v1"]}`)
	case r.URL.Path == "/apis":
		fmt.Fprint(w, veleroGroup)
	case r.URL.Path == "/api/v1":
		fmt.Fprint(w, coreResources)
	case r.URL.Path == "/apis/velero.io/v1":
		fmt.Fprint(w, veleroResources)
	case r.URL.Path == "/api/v1/namespaces/doomed":
		s.serveNamespace(w, r)
	case r.Method == http.MethodDelete:
		s.requests = append(s.requests, "delete "+resource)
		if resource != s.kept {
			s.objects[resource] = 0
		}
		fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Success"}`)
	case r.Method == http.MethodGet:
		s.serveList(w, resource)
	default:
		s.t.Errorf("unexpected request %s %s", r.Method, r.URL)
	}
}

func (s *server) serveNamespace(w http.ResponseWriter, r *http.Request) {
	namespace := corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: "doomed", ResourceVersion: "7", Finalizers: s.finalizers},
	}
	if s.deleting {
		now := metav1.Now()
		namespace.DeletionTimestamp = &now
	}
	if r.Method == http.MethodPatch {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.t.Error(err)
		}
		s.requests = append(s.requests, "patch "+string(body))
	}
	if err := json.NewEncoder(w).Encode(&namespace); err != nil {
		s.t.Error(err)
	}
}

func (s *server) serveList(w http.ResponseWriter, resource string) {
	list := metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadataList"}}
	for i := range s.objects[resource] {
		list.Items = append(list.Items, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: strconv.Itoa(i)}})
	}
	if err := json.NewEncoder(w).Encode(&list); err != nil {
		s.t.Error(err)
	}
}

func newReconciler(t *testing.T, s *server) *reconciler {
	t.Helper()
	listener := httptest.NewServer(s)
	t.Cleanup(listener.Close)
	config := &rest.Config{Host: listener.URL}
	scheme := runtime.NewScheme()
	must(t, corev1.AddToScheme(scheme))
	objects, err := client.New(config, client.Options{Scheme: scheme})
	must(t, err)
	found, err := discovery.NewDiscoveryClientForConfig(config)
	must(t, err)
	meta, err := metadata.NewForConfig(config)
	must(t, err)
	return &reconciler{client: objects, discovery: found, metadata: meta}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReconcile(t *testing.T) {
	const release = `patch {"metadata":{"finalizers":["other"],"resourceVersion":"7"}}`
	for name, tc := range map[string]struct {
		server   server
		want     reconcile.Result
		err      bool
		requests []string
	}{
		"emptied and let go": {
			server:   server{deleting: true, finalizers: []string{"kubernetes", "other"}},
			requests: []string{"delete backups", "delete secrets", release},
		},
		"the last finalizer": {
			server:   server{deleting: true, finalizers: []string{"kubernetes"}},
			requests: []string{"delete backups", "delete secrets", `patch {"metadata":{"finalizers":null,"resourceVersion":"7"}}`},
		},
		"something stays": {
			server:   server{deleting: true, finalizers: []string{"kubernetes"}, kept: "secrets"},
			want:     reconcile.Result{RequeueAfter: patience},
			requests: []string{"delete backups", "delete secrets"},
		},
		"a group does not answer": {
			server:   server{deleting: true, finalizers: []string{"kubernetes"}, broken: "/apis/velero.io/v1"},
			err:      true,
			requests: []string{"delete secrets"},
		},
		"a resource does not answer": {
			server:   server{deleting: true, finalizers: []string{"kubernetes"}, broken: "/apis/velero.io/v1/namespaces/doomed/backups"},
			err:      true,
			requests: []string{"delete secrets"},
		},
		"not being deleted": {server: server{finalizers: []string{"kubernetes"}}},
		"let go already":    {server: server{deleting: true, finalizers: []string{"other"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &tc.server
			s.t, s.objects = t, map[string]int{"secrets": 2, "backups": 1}
			result, err := newReconciler(t, s).Reconcile(t.Context(), reconcile.Request{NamespacedName: types.NamespacedName{Name: "doomed"}})
			if (err != nil) != tc.err || result != tc.want {
				t.Errorf("got %+v, %v", result, err)
			}
			slices.Sort(s.requests)
			if !slices.Equal(s.requests, tc.requests) {
				t.Errorf("requests\n got %q\nwant %q", s.requests, tc.requests)
			}
		})
	}
}
