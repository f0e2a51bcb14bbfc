package generic

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
	"k8s.io/apiserver/pkg/util/dryrun"
	"k8s.io/client-go/tools/cache"

	"github.com/velero-locations/velero-locations/registry/generic/table"
)

const (
	etcdDialTimeout = 20 * time.Second
	// etcdKeepalive finds out that a connection is dead, as the storage's own client does.
	etcdKeepalive        = 30 * time.Second
	etcdKeepaliveTimeout = 10 * time.Second
)

// exclusively wraps the storage of the kind that options make, and puts the wrapped one into exclusive. The store
// gets it from the start: as soon as a store is complete, others read it.
func (r *Resource[T, L]) exclusively(options generic.RESTOptionsGetter, exclusive *exclusiveStorage[T]) generic.RESTOptionsGetter {
	return restOptions(func(resource schema.GroupResource, example runtime.Object) (generic.RESTOptions, error) {
		given, err := options.GetRESTOptions(resource, example)
		if err != nil {
			return given, err
		}
		decorate := given.Decorator
		given.Decorator = func(
			config *storagebackend.ConfigForResource, prefix string, keyFunc func(runtime.Object) (string, error), newFunc, newListFunc func() runtime.Object,
			attributes storage.AttrFunc, triggers storage.IndexerFuncs, indexers *cache.Indexers,
		) (storage.Interface, factory.DestroyFunc, error) {
			below, destroy, err := decorate(config, prefix, keyFunc, newFunc, newListFunc, attributes, triggers, indexers)
			if err != nil {
				return nil, nil, err
			}
			client, err := newEtcdClient(config.Transport)
			if err != nil {
				destroy()
				return nil, nil, fmt.Errorf("connecting to etcd: %w", err)
			}
			*exclusive = exclusiveStorage[T]{
				Interface: below, mark: r.Exclusive, etcd: client, prefix: config.Prefix, codec: config.Codec, transformer: config.Transformer,
			}
			if exclusive.transformer == nil {
				exclusive.transformer = identity.NewEncryptCheckTransformer()
			}
			return exclusive, func() {
				destroy()
				_ = client.Close() // what is wrong with a connection that is given up is of no interest
			}, nil
		}
		return given, nil
	})
}

// restOptions is a function that implements generic.RESTOptionsGetter.
type restOptions func(schema.GroupResource, runtime.Object) (generic.RESTOptions, error)

// GetRESTOptions implements generic.RESTOptionsGetter.
func (f restOptions) GetRESTOptions(resource schema.GroupResource, example runtime.Object) (generic.RESTOptions, error) {
	return f(resource, example)
}

// foretellMoves lets dry runs tell what would lose the mark.
func (s *exclusiveStorage[T]) foretellMoves(store *genericregistry.Store) {
	store.BeginCreate = func(ctx context.Context, object runtime.Object, options *metav1.CreateOptions) (genericregistry.FinishFunc, error) {
		return func(context.Context, bool) {}, foretell(ctx, store, s, object.(T), options.DryRun)
	}
	store.BeginUpdate = func(ctx context.Context, object, _ runtime.Object, options *metav1.UpdateOptions) (genericregistry.FinishFunc, error) {
		return func(context.Context, bool) {}, foretell(ctx, store, s, object.(T), options.DryRun)
	}
}

// foretell gives a dry run, which never reaches the storage, the warnings of a real one.
func foretell[T table.Object](ctx context.Context, store *genericregistry.Store, exclusive *exclusiveStorage[T], object T, dryRun []string) error {
	if !dryrun.IsDryRun(dryRun) || !exclusive.mark.Marked(object) {
		return nil
	}
	key, err := store.KeyFunc(ctx, object.GetName())
	if err != nil {
		return err
	}
	seen, err := exclusive.read(ctx, key)
	if err != nil {
		return err
	}
	exclusive.warn(ctx, seen, object)
	return nil
}

func newEtcdClient(config storagebackend.TransportConfig) (*clientv3.Client, error) {
	client := clientv3.Config{
		Endpoints:            config.ServerList,
		DialTimeout:          etcdDialTimeout,
		DialKeepAliveTime:    etcdKeepalive,
		DialKeepAliveTimeout: etcdKeepaliveTimeout,
		Logger:               zap.NewNop(), // its errors are returned
	}
	if config.CertFile != "" || config.KeyFile != "" || config.TrustedCAFile != "" {
		info := transport.TLSInfo{CertFile: config.CertFile, KeyFile: config.KeyFile, TrustedCAFile: config.TrustedCAFile}
		var err error
		if client.TLS, err = info.ClientConfig(); err != nil {
			return nil, fmt.Errorf("reading etcd's certificates: %w", err)
		}
	}
	return clientv3.New(client)
}
