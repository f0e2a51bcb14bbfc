package apiserver

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	fieldpath "k8s.io/apimachinery/pkg/util/validation/field"
	k8sgeneric "k8s.io/apiserver/pkg/registry/generic"
	etcd3testing "k8s.io/apiserver/pkg/storage/etcd3/testing"

	"github.com/velero-locations/velero-locations/registry/generic"
)

// withoutSpec are the kinds that are accepted without a spec, each for a reason.
var withoutSpec = map[string]string{
	"backups":              "without a spec, everything is backed up to the default location",
	"serverstatusrequests": "there is nothing to say: the spec has no fields",
}

// TestEveryKindIsValidated fails for a kind of velero.io that accepts an object without any content,
// or any phase.
func TestEveryKindIsValidated(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	server, config := etcd3testing.NewUnsecuredEtcd3TestClientServer(t)
	defer server.Terminate(t)
	config.Codec = api.StorageCodec()
	for _, kind := range api.Kinds {
		resource := kind.GroupVersionResource().GroupResource()
		storage, err := kind.Storage(api.Scheme, k8sgeneric.RESTOptions{
			StorageConfig: config.ForResource(resource), Decorator: k8sgeneric.UndecoratedStorage, ResourcePrefix: resource.String(),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer storage.Destroy()
		wrong := func(obj runtime.Object, field string) bool {
			errs := storage.(*generic.Store).CreateStrategy.Validate(context.Background(), obj)
			return slices.ContainsFunc(errs, func(err *fieldpath.Error) bool { return strings.HasPrefix(err.Field, field) })
		}
		if _, accepted := withoutSpec[resource.Resource]; wrong(storage.New(), "spec") == accepted {
			t.Errorf("%s without a spec are accepted: %v, want %v", resource, !accepted, accepted)
		}
		lost := storage.New()
		reflect.ValueOf(lost).Elem().FieldByName("Status").FieldByName("Phase").SetString("Lost")
		if !wrong(lost, "status.phase") {
			t.Errorf("%s of a phase that there is not are accepted", resource)
		}
	}
}

// TestEachKindIsStoredInItsVersion shows that the kinds of a group with two versions are kept in the one
// that has them.
func TestEachKindIsStoredInItsVersion(t *testing.T) {
	api, err := NewAPI(Core, Velero)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range api.Kinds {
		want := kind.GroupVersionKind()
		obj, err := api.Scheme.New(schema.GroupVersionKind{Group: want.Group, Version: runtime.APIVersionInternal, Kind: want.Kind})
		if err != nil {
			t.Fatal(err)
		}
		data, err := runtime.Encode(api.StorageCodec(), obj)
		if err != nil {
			t.Fatal(err)
		}
		stored, got, err := api.StorageCodec().Decode(data, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if *got != want || reflect.TypeOf(stored) != reflect.TypeOf(obj) {
			t.Errorf("a %T is stored as %s and read as a %T, want %s", obj, got, stored, want)
		}
	}
	if got, ok := api.StorageVersioner().KindForGroupVersionKinds([]schema.GroupVersionKind{{Group: "example.com", Version: "v1", Kind: "Backup"}}); ok {
		t.Errorf("a kind of another group would be stored as %s", got)
	}
}

// TestDocumentedFields shows that docs/kinds.md has a row for each kind, and names every field that selectors
// may use and no other.
func TestDocumentedFields(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../docs/kinds.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range api.Kinds {
		served := kind.GroupVersionKind()
		row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| %s \\| `%s`[^|]*\\| %s \\| (.*) \\|$", served.Kind, kind.GroupVersionResource().Resource, served.Version)).FindSubmatch(text)
		if row == nil {
			t.Errorf("docs/kinds.md has no row for %s", served)
			continue
		}
		documented := append(strings.Split(strings.ReplaceAll(string(row[1]), "`", ""), ", "), "metadata.name", "metadata.namespace")
		slices.Sort(documented)
		_, _, err := api.Scheme.ConvertFieldLabel(served, "no.such.field", "")
		if want := "must be one of " + strings.Join(documented, ", "); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("docs/kinds.md says of %s: %s; the server: %v", served.Kind, want, err)
		}
	}
}
