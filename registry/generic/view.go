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

// View is what one write sees of other objects. It reads a list once: all steps of the write decide by the same objects, and
// what kept one of them from deciding is there for the next to report. It is used by one goroutine.
type View struct {
	// Environment of the server.
	Environment *Environment

	own  *Store             // nil: that of no kind
	read map[string]listing // nil: nothing is kept
}

// newView returns a view that has seen nothing yet.
func newView(env *Environment) *View { return &View{Environment: env, read: map[string]listing{}} }

func (v *View) store(resource schema.GroupResource) *Store {
	switch {
	case v.own != nil && v.own.DefaultQualifiedResource == resource:
		return v.own
	case v.Environment != nil:
		return v.Environment.Store(resource)
	}
	return nil
}

// listing is the result of reading a list.
type listing struct {
	objects any
	err     error
}

// List lists the objects of a kind in the namespace of a request that the selector selects; its fields are those that
// the kind's Resource has. There are none of a kind that the server does not serve. What is listed is as new as
// a client would see it. The objects are shared: they are not to be changed.
func List[T runtime.Object](ctx context.Context, view *View, resource schema.GroupResource, selector fields.Selector) ([]T, error) {
	store := view.store(resource)
	if store == nil {
		return nil, nil
	}
	id := fmt.Sprintf("%s/%s?%s", genericapirequest.NamespaceValue(ctx), resource, selector)
	list, known := view.read[id]
	if !known {
		list.objects, list.err = listAll[T](ctx, store, selector)
		if view.read != nil {
			view.read[id] = list
		}
	}
	if list.err != nil {
		return nil, fmt.Errorf("listing %s: %w", resource.Resource, list.err)
	}
	return list.objects.([]T), nil
}

// cachePatience is how long a write waits for the watch caches of a server that has just started, and cachePoll how often
// it looks.
const (
	cachePatience = 5 * time.Second
	cachePoll     = 20 * time.Millisecond
)

func listAll[T any](ctx context.Context, store *Store, selector fields.Selector) ([]T, error) {
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
