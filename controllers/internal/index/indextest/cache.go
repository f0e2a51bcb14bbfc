// Package indextest gives tests of controllers a manager's client with a cache that holds many objects, without an API server.
package indextest

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/log"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/index"
)

// Fake builds fake clients that find objects by all indexes.
func Fake(scheme *runtime.Scheme) *fake.ClientBuilder {
	builder := fake.NewClientBuilder().WithScheme(scheme)
	for _, kept := range index.All() {
		builder.WithIndex(kept.Object(), kept.Name(), kept.Values)
	}
	return builder
}

// Client returns a client that reads from a cache with the objects, which keeps all indexes until the test ends. What it is to write is
// accepted, and does nothing.
func Client(tb testing.TB, objects ...client.Object) client.Client {
	tb.Helper()
	scheme := runtime.NewScheme()
	if err := velerov1.AddToScheme(scheme); err != nil {
		tb.Fatal(err)
	}
	log.SetLogger(klog.Background()) // or it complains that nobody has
	mapper := apimeta.NewDefaultRESTMapper(nil)
	for kind := range scheme.KnownTypes(velerov1.SchemeGroupVersion) {
		mapper.Add(velerov1.SchemeGroupVersion.WithKind(kind), apimeta.RESTScopeNamespace)
	}
	filled, err := cache.New(&rest.Config{}, cache.Options{
		HTTPClient: http.DefaultClient, Scheme: scheme, Mapper: mapper,
		NewInformer: func(_ toolscache.ListerWatcher, example runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
			return toolscache.NewSharedIndexInformer(&still{of(example, objects)}, example, resync, indexers)
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	for _, kept := range index.All() {
		if err := kept.Add(ctx, filled); err != nil {
			tb.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- filled.Start(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Error(err)
		}
	})
	if !filled.WaitForCacheSync(ctx) {
		tb.Fatal("the cache is not filled")
	}
	return interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme).Build(), interceptor.Funcs{
		Get: func(ctx context.Context, _ client.WithWatch, key client.ObjectKey, object client.Object, opts ...client.GetOption) error {
			return filled.Get(ctx, key, object, opts...)
		},
		List: func(ctx context.Context, _ client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			return filled.List(ctx, list, opts...)
		},
		Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error { return nil },
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return nil
		},
		Delete: func(context.Context, client.WithWatch, client.Object, ...client.DeleteOption) error { return nil },
	})
}

func of(example runtime.Object, objects []client.Object) *metav1.List {
	list := &metav1.List{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}
	for _, object := range objects {
		if fmt.Sprintf("%T", object) == fmt.Sprintf("%T", example) {
			list.Items = append(list.Items, runtime.RawExtension{Object: object})
		}
	}
	return list
}

// still is an API in which nothing happens.
type still struct{ list *metav1.List }

var _ toolscache.ListerWatcher = &still{}

// List implements cache.ListerWatcher.
func (s *still) List(metav1.ListOptions) (runtime.Object, error) { return s.list, nil }

// Watch implements cache.ListerWatcher.
func (*still) Watch(metav1.ListOptions) (watch.Interface, error) { return watch.NewFake(), nil }

// IsWatchListSemanticsUnSupported tells informers that they have to list.
func (*still) IsWatchListSemanticsUnSupported() bool { return true }

// Counts are how many records benchmarks are made with.
var Counts = []int{1000, 10_000, 100_000}
