package generic

import (
	"context"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
)

// Store keeps one kind in etcd and answers every verb for it.
type Store struct {
	*genericregistry.Store

	shortNames []string
	categories []string
	// newView returns the view of one write, and strategy the strategy with it.
	newView    func() *View
	strategy   func(*View) writeStrategy
	background []func(context.Context)
	dependents *dependents // nil: there are none
	// warnDeletion returns what whoever deletes an object should know. Nil: nothing.
	warnDeletion func(context.Context, runtime.Object) []string
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
	ctx, store := s.write(ctx)
	created, err := store.Create(ctx, obj, validate, options)
	return created, unanswered(err)
}

// Update updates an object, as rest.StandardStorage says.
func (s *Store) Update(
	ctx context.Context, name string, info rest.UpdatedObjectInfo, validateCreate rest.ValidateObjectFunc,
	validate rest.ValidateObjectUpdateFunc, forceCreate bool, options *metav1.UpdateOptions,
) (runtime.Object, bool, error) {
	ctx, store := s.write(ctx)
	updated, created, err := store.Update(ctx, name, info, validateCreate, validate, forceCreate, options)
	return updated, created, unanswered(err)
}

// write returns the store and the context of one write, all of whose steps see the same of other objects.
func (s *Store) write(ctx context.Context) (context.Context, *genericregistry.Store) {
	view := s.newView()
	store, strategy := *s.Store, s.strategy(view)
	store.CreateStrategy, store.UpdateStrategy = strategy, strategy
	return withView(ctx, view), &store
}

// Delete deletes an object, as rest.StandardStorage says, and warns of what goes with the object.
func (s *Store) Delete(ctx context.Context, name string, validate rest.ValidateObjectFunc, options *metav1.DeleteOptions) (runtime.Object, bool, error) {
	deletion := s.dependents.foresee(ctx, name)
	var last runtime.Object // as it is when it is deleted
	out, deleted, err := s.Store.Delete(ctx, name, func(ctx context.Context, object runtime.Object) error {
		last = object
		deletion.begin(object)
		return validate(ctx, object)
	}, options)
	deletion.end()
	if err != nil || last == nil {
		return out, deleted, unanswered(err)
	}
	deletion.warn(ctx, last.(metav1.Object))
	s.tell(ctx, last)
	return out, deleted, nil
}

// tell tells whoever has deleted an object what there is to know.
func (s *Store) tell(ctx context.Context, deleted runtime.Object) {
	if s.warnDeletion == nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, warningTimeout)
	defer cancel()
	for _, text := range s.warnDeletion(limited, deleted) {
		warning.AddWarning(ctx, "", text)
	}
}

// Background returns what has to run for as long as the store is served; nil where that is nothing.
func (s *Store) Background() func(context.Context) {
	if len(s.background) == 0 {
		return nil
	}
	return func(ctx context.Context) {
		var running sync.WaitGroup
		for _, run := range s.background {
			running.Go(func() { run(ctx) })
		}
		running.Wait()
	}
}
