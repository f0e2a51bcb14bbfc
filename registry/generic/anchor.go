package generic

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// Anchor is what objects of another kind stand on, such as the place that backups are in. That none does when it changes is for Relate to
// find out; an Anchor makes sure that none is written between that and the change.
type Anchor[T table.Object] struct {
	// Resource of the other kind.
	Resource schema.GroupResource
	// At says in text where an object is.
	At func(T) string
}

func (a *Anchor[T]) at(object T) string {
	if a == nil {
		return ""
	}
	return a.At(object)
}

// still makes a transaction depend on that no object of the kind that stands on this one was written since a revision, in its namespace.
func (s *transactionStorage[T]) still(ctx context.Context, revision int64, txn *transaction) {
	others := s.env.Store(s.anchor.Resource)
	if others == nil {
		return
	}
	prefix := s.key(others.KeyRootFunc(ctx)) + "/"
	txn.conditions = append(txn.conditions, clientv3.Compare(clientv3.ModRevision(prefix).WithPrefix(), "<", revision+1))
}
