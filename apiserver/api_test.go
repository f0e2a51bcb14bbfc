package apiserver

import (
	"context"
	"strings"
	"testing"

	"k8s.io/apiserver/pkg/registry/generic"
	etcd3testing "k8s.io/apiserver/pkg/storage/etcd3/testing"

	"github.com/velero-locations/velero-locations/registry"
)

// TestEveryKindIsValidated fails for a kind of velero.io that accepts an object without any content.
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
		strategy := storage.(*registry.Store).CreateStrategy
		found := false
		for _, err := range strategy.Validate(context.Background(), storage.New()) {
			found = found || strings.HasPrefix(err.Field, "spec")
		}
		if !found {
			t.Errorf("%s without a spec are accepted", resource)
		}
	}
}
