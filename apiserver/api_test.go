package apiserver

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/generic"
	etcd3testing "k8s.io/apiserver/pkg/storage/etcd3/testing"

	"github.com/velero-locations/velero-locations/registry"
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
		storage, err := kind.Storage(api.Scheme, generic.RESTOptions{
			StorageConfig: config.ForResource(resource), Decorator: generic.UndecoratedStorage, ResourcePrefix: resource.String(),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer storage.Destroy()
		obj := storage.New()
		reflect.ValueOf(obj).Elem().FieldByName("Status").FieldByName("Phase").SetString("Lost")
		errs := storage.(*registry.Store).CreateStrategy.Validate(context.Background(), obj)
		ofSpec := slices.ContainsFunc(errs, func(err *field.Error) bool { return strings.HasPrefix(err.Field, "spec") })
		if _, accepted := withoutSpec[resource.Resource]; ofSpec == accepted {
			t.Errorf("%s without a spec are accepted: %v, want %v", resource, !ofSpec, accepted)
		}
		if !slices.ContainsFunc(errs, func(err *field.Error) bool { return err.Field == "status.phase" }) {
			t.Errorf("%s of a phase that there is not are accepted", resource)
		}
	}
}
