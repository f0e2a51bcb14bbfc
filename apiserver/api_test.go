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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	fieldpath "k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/admission"
	k8sgeneric "k8s.io/apiserver/pkg/registry/generic"
	etcd3testing "k8s.io/apiserver/pkg/storage/etcd3/testing"

	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
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
	defer func() { _ = server.V3Client.Close() }()
	config.Codec = api.StorageCodec()
	for _, kind := range api.Kinds {
		resource := kind.GroupVersionResource().GroupResource()
		store, err := kind.NewStore(api.Scheme, k8sgeneric.RESTOptions{
			StorageConfig: config.ForResource(resource), Decorator: k8sgeneric.UndecoratedStorage, ResourcePrefix: resource.String(),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Destroy()
		wrong := func(obj runtime.Object, field string) bool {
			errs := store.CreateStrategy.Validate(context.Background(), obj)
			return slices.ContainsFunc(errs, func(err *fieldpath.Error) bool { return strings.HasPrefix(err.Field, field) })
		}
		if _, accepted := withoutSpec[resource.Resource]; wrong(store.New(), "spec") == accepted {
			t.Errorf("%s without a spec are accepted: %v, want %v", resource, !accepted, accepted)
		}
		lost := store.New()
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

// TestAdmissionSeesObjects shows that admission webhooks and policies can be given every kind, and can change it: they
// have objects converted from and to the form that the server works on.
func TestAdmissionSeesObjects(t *testing.T) {
	api, err := NewAPI(Core, Velero)
	if err != nil {
		t.Fatal(err)
	}
	interfaces := admission.NewObjectInterfacesFromScheme(api.Scheme)
	for _, kind := range api.Kinds {
		gvk := kind.GroupVersionKind()
		object, err := api.Scheme.New(gvk)
		if err != nil {
			t.Fatal(err)
		}
		object.(metav1.Object).SetName("one")
		seen, err := admission.ConvertToGVK(object, gvk, interfaces)
		if err != nil {
			t.Errorf("giving admission a %s: %v", gvk, err)
			continue
		}
		if got := seen.GetObjectKind().GroupVersionKind(); got != gvk || seen.(metav1.Object).GetName() != "one" {
			t.Errorf("of a %s admission sees a %s, %q", gvk, got, seen.(metav1.Object).GetName())
		}
		if named := object.GetObjectKind().GroupVersionKind(); !named.Empty() {
			t.Errorf("the server's own object is a %s by name from then on", named)
		}
		seen.(metav1.Object).SetName("changed")
		if err := interfaces.GetObjectConvertor().Convert(seen, object, nil); err != nil {
			t.Fatal(err)
		}
		if named := object.GetObjectKind().GroupVersionKind(); !named.Empty() || object.(metav1.Object).GetName() != "changed" {
			t.Errorf("what admission has changed of a %s comes back as %q, a %s by name", gvk, object.(metav1.Object).GetName(), named)
		}
	}
}

// TestStoredObjectsAreNotNamed shows that what is read from etcd, in any of the ways in which it is, equals what was written.
func TestStoredObjectsAreNotNamed(t *testing.T) {
	api, err := NewAPI(Core, Velero)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range api.Kinds {
		object, err := api.Scheme.New(kind.GroupVersionKind())
		if err != nil {
			t.Fatal(err)
		}
		data, err := runtime.Encode(api.StorageCodec(), object)
		if err != nil {
			t.Fatal(err)
		}
		into, err := api.Scheme.New(kind.GroupVersionKind())
		if err != nil {
			t.Fatal(err)
		}
		for _, into := range []runtime.Object{nil, into} {
			got, _, err := api.StorageCodec().Decode(data, nil, into)
			if err != nil {
				t.Fatal(err)
			}
			if named := got.GetObjectKind().GroupVersionKind(); !named.Empty() || reflect.TypeOf(got) != reflect.TypeOf(object) {
				t.Errorf("a %T is read as a %T, a %s by name", object, got, named)
			}
		}
	}
}

// laterSchedule is a schedule as a second version could have it.
type laterSchedule struct {
	metav1.TypeMeta
	metav1.ObjectMeta `json:"metadata"`
	Cron              string `json:"cron"`
}

func (s *laterSchedule) DeepCopyObject() runtime.Object {
	out := *s
	s.DeepCopyInto(&out.ObjectMeta)
	return &out
}

// TestSecondVersion shows that a kind can have another version: with conversions to the type of the one that is stored, no
// rule and no stored object has to know of it.
func TestSecondVersion(t *testing.T) {
	api, err := NewAPI(Velero)
	if err != nil {
		t.Fatal(err)
	}
	later := schema.GroupVersion{Group: v1.SchemeGroupVersion.Group, Version: "v3"}
	api.Scheme.AddKnownTypeWithName(later.WithKind("Schedule"), &laterSchedule{})
	err = api.Scheme.AddConversionFunc(&laterSchedule{}, &v1.Schedule{}, func(from, to any, _ conversion.Scope) error {
		schedule, converted := from.(*laterSchedule), to.(*v1.Schedule)
		converted.ObjectMeta, converted.Spec.Schedule = schedule.ObjectMeta, schedule.Cron
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = api.Scheme.AddConversionFunc(&v1.Schedule{}, &laterSchedule{}, func(from, to any, _ conversion.Scope) error {
		schedule, converted := from.(*v1.Schedule), to.(*laterSchedule)
		converted.ObjectMeta, converted.Cron = schedule.ObjectMeta, schedule.Spec.Schedule
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	codec := api.Codecs.CodecForVersions(api.Codecs.LegacyCodec(later), api.Codecs.UniversalDeserializer(), later, runtime.InternalGroupVersioner)

	const written = `{"kind":"Schedule","apiVersion":"velero.io/v3","metadata":{"name":"nightly"},"cron":"0 1 * * *"}`
	object, _, err := codec.Decode([]byte(written), nil, &v1.Schedule{})
	if err != nil {
		t.Fatal(err)
	}
	if got := object.(*v1.Schedule); got.Spec.Schedule != "0 1 * * *" || got.Name != "nightly" {
		t.Errorf("the server works on %+v", got)
	}
	stored, err := runtime.Encode(api.StorageCodec(), object)
	if err != nil || !strings.HasPrefix(string(stored), `{"kind":"Schedule","apiVersion":"velero.io/v1",`) {
		t.Errorf("etcd holds %s, %v", stored, err)
	}
	read, err := runtime.Decode(api.StorageCodec(), stored)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := runtime.Encode(codec, read)
	if got := strings.TrimSpace(string(shown)); err != nil || got != written {
		t.Errorf("a client reads %s, %v, want %s", got, err, written)
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
