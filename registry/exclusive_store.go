package registry

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
	"k8s.io/apiserver/pkg/util/dryrun"

	"github.com/velero-locations/velero-locations/registry/table"
)

const (
	etcdDialTimeout = 20 * time.Second
	// etcdKeepalive finds out that a connection is dead, as the storage's own client does.
	etcdKeepalive        = 30 * time.Second
	etcdKeepaliveTimeout = 10 * time.Second
)

// makeExclusive lets a store keep the Resource's exclusive mark.
func (r *Resource[T, L]) makeExclusive(store *genericregistry.Store, config *storagebackend.ConfigForResource) error {
	client, err := newEtcdClient(config.Transport)
	if err != nil {
		return fmt.Errorf("connecting the store of %s to etcd: %w", r.Plural, err)
	}
	exclusive := &exclusiveStorage[T]{
		Interface:   store.Storage.Storage,
		mark:        r.Exclusive,
		etcd:        client,
		prefix:      config.Prefix,
		codec:       config.Codec,
		transformer: config.Transformer,
	}
	if exclusive.transformer == nil {
		exclusive.transformer = identity.NewEncryptCheckTransformer()
	}
	store.Storage.Storage = exclusive
	destroy := store.DestroyFunc
	store.DestroyFunc = func() {
		destroy()
		_ = client.Close() // what is wrong with a connection that is given up is of no interest
	}
	store.BeginCreate = func(ctx context.Context, object runtime.Object, options *metav1.CreateOptions) (genericregistry.FinishFunc, error) {
		return func(context.Context, bool) {}, foretell(ctx, store, exclusive, object.(T), options.DryRun)
	}
	store.BeginUpdate = func(ctx context.Context, object, _ runtime.Object, options *metav1.UpdateOptions) (genericregistry.FinishFunc, error) {
		return func(context.Context, bool) {}, foretell(ctx, store, exclusive, object.(T), options.DryRun)
	}
	return nil
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
