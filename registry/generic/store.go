package generic

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/util/dryrun"
	"k8s.io/apiserver/pkg/warning"
)

// Store keeps one kind in etcd and answers every verb for it.
type Store struct {
	*genericregistry.Store

	shortNames []string
	categories []string
	// strategy returns that of one write.
	strategy func() writeStrategy
	// warnOfDeletion is nil where nothing goes with an object.
	warnOfDeletion func(context.Context, runtime.Object) []string
}

var (
	_ rest.StandardStorage      = &Store{}
	_ rest.ShortNamesProvider   = &Store{}
	_ rest.CategoriesProvider   = &Store{}
	_ rest.TableConvertor       = &Store{}
	_ rest.SingularNameProvider = &Store{}
)

// ShortNames implements rest.ShortNamesProvider.
func (s *Store) ShortNames() []string { return s.shortNames }

// Categories implements rest.CategoriesProvider.
func (s *Store) Categories() []string { return s.categories }

// Create creates an object, as rest.StandardStorage says.
func (s *Store) Create(ctx context.Context, obj runtime.Object, validate rest.ValidateObjectFunc, options *metav1.CreateOptions) (runtime.Object, error) {
	return s.write().Create(ctx, obj, validate, options)
}

// Update updates an object, as rest.StandardStorage says.
func (s *Store) Update(
	ctx context.Context, name string, info rest.UpdatedObjectInfo, validateCreate rest.ValidateObjectFunc,
	validate rest.ValidateObjectUpdateFunc, forceCreate bool, options *metav1.UpdateOptions,
) (runtime.Object, bool, error) {
	return s.write().Update(ctx, name, rest.WrapUpdatedObjectInfo(info, unchanged), validateCreate, validate, forceCreate, options)
}

// write returns the store for one write, all of whose steps see the same of other objects.
func (s *Store) write() *genericregistry.Store {
	store, strategy := *s.Store, s.strategy()
	store.CreateStrategy, store.UpdateStrategy = strategy, strategy
	return &store
}

// Delete deletes an object, as rest.StandardStorage says, and warns of what goes with the object.
func (s *Store) Delete(ctx context.Context, name string, validate rest.ValidateObjectFunc, options *metav1.DeleteOptions) (runtime.Object, bool, error) {
	texts := s.goesWith(ctx, name)
	out, deleted, err := s.Store.Delete(ctx, name, validate, options)
	if err == nil {
		for _, text := range texts {
			warning.AddWarning(ctx, "", text)
		}
	}
	return out, deleted, err
}

func (s *Store) goesWith(ctx context.Context, name string) []string {
	if s.warnOfDeletion == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, deletionWait)
	defer cancel()
	obj, err := s.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil // the deletion fails for the same reason, and says so
	}
	return s.warnOfDeletion(ctx, obj)
}

func (r *Resource[T, L]) warnOfDeletion() func(context.Context, runtime.Object) []string {
	if r.WarnOfDeletion == nil {
		return nil
	}
	return func(ctx context.Context, obj runtime.Object) []string { return r.WarnOfDeletion(ctx, obj.(T)) }
}

// deletionWait is how long a deletion waits at most to find out what goes with the object, and for what follows from it.
const deletionWait = 10 * time.Second

func (r *Resource[T, L]) afterDelete(object runtime.Object, options *metav1.DeleteOptions) {
	if options != nil && dryrun.IsDryRun(options.DryRun) {
		return
	}
	obj := object.(T)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Deleted(genericapirequest.WithNamespace(genericapirequest.NewContext(), obj.GetNamespace()), obj)
	}()
	select {
	case <-done:
	case <-time.After(deletionWait):
	}
}
