package generic

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/util/dryrun"

	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// foretellMoves lets dry runs tell what would lose the mark.
func (s *transactionStorage[T]) foretellMoves(store *genericregistry.Store) {
	store.BeginCreate = func(ctx context.Context, object runtime.Object, options *metav1.CreateOptions) (genericregistry.FinishFunc, error) {
		return func(context.Context, bool) {}, foretell(ctx, store, s, object.(T), options.DryRun)
	}
	store.BeginUpdate = func(ctx context.Context, object, _ runtime.Object, options *metav1.UpdateOptions) (genericregistry.FinishFunc, error) {
		return func(context.Context, bool) {}, foretell(ctx, store, s, object.(T), options.DryRun)
	}
}

// foretell gives a dry run, which never reaches the storage, the warnings of a real one.
func foretell[T table.Object](ctx context.Context, store *genericregistry.Store, exclusive *transactionStorage[T], object T, dryRun []string) error {
	if !dryrun.IsDryRun(dryRun) || !exclusive.mark.Marked(object) {
		return nil
	}
	key, err := store.KeyFunc(ctx, object.GetName())
	if err != nil {
		return err
	}
	seen, err := exclusive.look(ctx, exclusive.key(key))
	if err != nil {
		return err
	}
	exclusive.warn(ctx, seen, object)
	return nil
}
