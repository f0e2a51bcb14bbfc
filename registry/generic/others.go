package generic

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
)

// Serve tells kinds of another one that the server serves.
func (e *Environment) Serve(resource schema.GroupResource, store *Store) {
	if e.stores == nil {
		e.stores = map[schema.GroupResource]*Store{}
	}
	e.stores[resource] = store
}

// Store returns the store of a kind, nil if the server does not serve it.
func (e *Environment) Store(resource schema.GroupResource) *Store { return e.stores[resource] }

// cachePatience is how long a write waits for the watch caches of a server that has just started, and cachePoll how often
// it looks.
const (
	cachePatience = 5 * time.Second
	cachePoll     = 20 * time.Millisecond
)

// Others lists the objects of a kind in the namespace of a request that the selector selects; its fields are those that
// the kind's Resource has. There are none of a kind that the server does not serve. What is listed is as new as
// a client would see it. The objects are shared: they are not to be changed. While one object is written,
// the same list is read once.
func Others[T runtime.Object](ctx context.Context, e *Environment, resource schema.GroupResource, selector fields.Selector) ([]T, error) {
	store := e.Store(resource)
	if store == nil {
		return nil, nil
	}
	read := func() (any, error) { return listAll[T](ctx, store.Store, selector) }
	id := fmt.Sprintf("%s/%s?%s", genericapirequest.NamespaceValue(ctx), resource, selector)
	all, err := memoryOf(ctx).recall(id, read)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", resource.Resource, err)
	}
	return all.([]T), nil
}

func listAll[T any](ctx context.Context, store interface {
	List(context.Context, *metainternalversion.ListOptions) (runtime.Object, error)
}, selector fields.Selector,
) ([]T, error) {
	var list runtime.Object
	err := wait.PollUntilContextTimeout(ctx, cachePoll, cachePatience, true, func(ctx context.Context) (done bool, err error) {
		list, err = store.List(ctx, &metainternalversion.ListOptions{FieldSelector: selector})
		if apierrors.IsTooManyRequests(err) { // the watch cache is being filled
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return nil, err
	}
	all := make([]T, 0, meta.LenList(list))
	err = meta.EachListItem(list, func(item runtime.Object) error {
		if obj, ok := item.(T); ok {
			all = append(all, obj)
		}
		return nil
	})
	return all, err
}

// memory of one write: its steps decide by the same lists, and do not read them again. It is used by one goroutine.
type memory map[string]recalled

type recalled struct {
	value any
	err   error
}

type memoryKey struct{}

func withMemory(ctx context.Context) context.Context {
	return context.WithValue(ctx, memoryKey{}, memory{})
}

// memoryOf returns nil for a request without one, which nothing is kept in.
func memoryOf(ctx context.Context) memory {
	kept, _ := ctx.Value(memoryKey{}).(memory)
	return kept
}

func (m memory) recall(id string, read func() (any, error)) (any, error) {
	if known, found := m[id]; found {
		return known.value, known.err
	}
	value, err := read()
	if m != nil {
		m[id] = recalled{value, err}
	}
	return value, err
}
