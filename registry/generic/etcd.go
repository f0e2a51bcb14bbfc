package generic

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	"k8s.io/apiserver/pkg/storage/value"
	"k8s.io/apiserver/pkg/storage/value/encrypt/identity"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/retry"

	"github.com/velero-locations/velero-locations/registry/generic/table"
)

const (
	etcdDialTimeout = 20 * time.Second
	// etcdKeepalive finds out that a connection is dead, as the storage's own client does.
	etcdKeepalive        = 30 * time.Second
	etcdKeepaliveTimeout = 10 * time.Second
)

// direct reads and writes the objects of a kind in etcd without their storage, for what has to be one transaction with others.
type direct[T table.Object] struct {
	etcd        *clientv3.Client
	prefix      string
	codec       runtime.Codec
	transformer value.Transformer
	versioner   storage.Versioner
}

// stored is an object as it is in etcd.
type stored[T table.Object] struct {
	key      string
	revision int64 // 0: there is none
	data     []byte
	object   T
}

// name of the object.
func (s stored[T]) name() string { return path.Base(s.key) }

// key in etcd of what the store knows by another.
func (d *direct[T]) key(key string) string { return path.Join("/", d.prefix, key) }

// get reads what is under a key in etcd.
func (d *direct[T]) get(ctx context.Context, key string) (stored[T], error) {
	response, err := d.etcd.Get(ctx, key)
	if err != nil {
		return stored[T]{}, fmt.Errorf("reading %s: %w", key, err)
	}
	if len(response.Kvs) == 0 {
		return stored[T]{key: key, object: newOf[T]()}, nil
	}
	return d.read(ctx, key, response.Kvs[0].Value, response.Kvs[0].ModRevision)
}

// getBoth reads what is under two keys at one revision. When a member of etcd is lost meanwhile another one is asked, which etcd's client does by
// itself for single reads, but not for transactions, since most of them write.
func (d *direct[T]) getBoth(ctx context.Context, first, second string) (*clientv3.TxnResponse, error) {
	var response *clientv3.TxnResponse
	again := func(err error) bool { return unavailable(err) && ctx.Err() == nil }
	err := retry.OnError(retry.DefaultBackoff, again, func() (err error) {
		response, err = d.etcd.Txn(ctx).Then(clientv3.OpGet(first), clientv3.OpGet(second)).Commit()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", first, err)
	}
	return response, nil
}

// unavailable says whether an error is of a member of etcd that could not answer.
func unavailable(err error) bool {
	var told rpctypes.EtcdError
	if errors.As(err, &told) {
		return told.Code() == codes.Unavailable
	}
	return status.Code(err) == codes.Unavailable
}

// read makes an object of what is in etcd.
func (d *direct[T]) read(ctx context.Context, key string, written []byte, revision int64) (stored[T], error) {
	data, _, err := d.transformer.TransformFromStorage(ctx, written, value.DefaultContext(key))
	if err != nil {
		return stored[T]{}, storage.NewInternalError(err)
	}
	s := stored[T]{key: key, revision: revision, data: data, object: newOf[T]()}
	return s, d.decode(data, revision, s.object)
}

func (d *direct[T]) put(ctx context.Context, key string, data []byte) (clientv3.Op, error) {
	stored, err := d.transformer.TransformToStorage(ctx, data, value.DefaultContext(key))
	if err != nil {
		return clientv3.Op{}, storage.NewInternalError(err)
	}
	return clientv3.OpPut(key, string(stored)), nil
}

func (d *direct[T]) encode(object runtime.Object) ([]byte, error) {
	if err := d.versioner.PrepareObjectForStorage(object); err != nil {
		return nil, fmt.Errorf("preparing an object for storage: %w", err)
	}
	return runtime.Encode(d.codec, object)
}

func (d *direct[T]) decode(data []byte, revision int64, into runtime.Object) error {
	if _, _, err := d.codec.Decode(data, nil, into); err != nil {
		return fmt.Errorf("decoding a stored object: %w", err)
	}
	return d.versioner.UpdateObject(into, uint64(revision)) // revisions are positive
}

// wrap puts more storage around the one that options make, and connects to etcd for it. The store has the outermost from the
// start: as soon as a store is complete, others read it.
func (d *direct[T]) wrap(options generic.RESTOptionsGetter, more func(storage.Interface) storage.Interface) generic.RESTOptionsGetter {
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
			*d = direct[T]{etcd: client, prefix: config.Prefix, codec: config.Codec, transformer: config.Transformer, versioner: below.Versioner()}
			if d.transformer == nil {
				d.transformer = identity.NewEncryptCheckTransformer()
			}
			return more(below), func() {
				destroy()
				_ = client.Close() // the connection is no longer needed, whatever is wrong with it
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
