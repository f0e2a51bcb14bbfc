// Package cascade deletes what belongs to objects that were deleted. The intent to do so is written in the transaction that deletes the
// object, and removed when nothing is left to do. Whatever stops a server in between, the next one to start goes on, and so
// does any other on the same etcd.
package cascade

import (
	"context"
	"encoding/json"
	"fmt"
	"path"

	clientv3 "go.etcd.io/etcd/client/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Intent to delete what belongs to a deleted object.
type Intent struct {
	// Namespace and Name of the object. There may be another of that name by now.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// UID of the object.
	UID types.UID `json:"uid"`

	// revision of etcd in which the object was deleted.
	revision int64
	key      string
}

// Journal keeps the intents of one kind in etcd. They are no objects: no client sees them.
type Journal struct {
	etcd         *clientv3.Client
	root, prefix string // of all that the server keeps, and of the journal
}

// NewJournal returns the journal of a kind of a server that keeps all under the prefix.
func NewJournal(etcd *clientv3.Client, prefix string, resource schema.GroupResource) *Journal {
	root := path.Join("/", prefix)
	return &Journal{etcd: etcd, root: root, prefix: path.Join(root, "cascade", resource.String()) + "/"}
}

// Intend returns what has to be part of the transaction that deletes an object.
func (j *Journal) Intend(object metav1.Object) (clientv3.Op, error) {
	data, err := json.Marshal(Intent{Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID()})
	if err != nil {
		return clientv3.Op{}, fmt.Errorf("encoding the intent to delete what belongs to %s: %w", object.GetName(), err)
	}
	return clientv3.OpPut(j.prefix+string(object.GetUID()), string(data)), nil
}

// Open returns the intents that are not fulfilled yet.
func (j *Journal) Open(ctx context.Context) ([]Intent, error) {
	response, err := j.etcd.Get(ctx, j.prefix, clientv3.WithPrefix())
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", j.prefix, err)
	}
	intents := make([]Intent, 0, len(response.Kvs))
	for _, kv := range response.Kvs {
		intent := Intent{revision: kv.ModRevision, key: string(kv.Key)}
		if err := json.Unmarshal(kv.Value, &intent); err != nil {
			return nil, fmt.Errorf("decoding %s: %w", kv.Key, err)
		}
		intents = append(intents, intent)
	}
	return intents, nil
}

// Follows says whether the object was deleted after a revision of etcd.
func (i Intent) Follows(revision int64) bool { return revision < i.revision }

// Concerns says whether what the server keeps under a key was there when the object was deleted. What was made since belongs to
// another object, even if that has the same name.
func (j *Journal) Concerns(ctx context.Context, intent Intent, key string) (bool, error) {
	response, err := j.etcd.Get(ctx, path.Join(j.root, key), clientv3.WithKeysOnly())
	if err != nil {
		return false, fmt.Errorf("reading when %s was made: %w", key, err)
	}
	return len(response.Kvs) > 0 && intent.Follows(response.Kvs[0].CreateRevision), nil
}

// Fulfil removes an intent for which nothing is left to do.
func (j *Journal) Fulfil(ctx context.Context, intent Intent) error {
	if _, err := j.etcd.Delete(ctx, intent.key); err != nil {
		return fmt.Errorf("removing %s: %w", intent.key, err)
	}
	return nil
}
