package generic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/wait"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/storage"
)

// View is what one write sees of other objects. It reads a list once: all steps of the write decide by the same objects, and
// what kept one of them from deciding is there for the next to report. It is used by one goroutine.
type View struct {
	// Environment of the server.
	Environment *Environment

	own  *Store             // nil: that of no kind
	read map[string]listing // nil: nothing is kept
	// revision of the first list: others are at least as new, for which nobody has to ask etcd again.
	revision string
	// answer is what those have said that were asked, once they were.
	answer []string
	asked  bool
}

// newView returns a view that has seen nothing yet.
func newView(env *Environment) *View { return &View{Environment: env, read: map[string]listing{}} }

// viewKey is that of a View in a context.
type viewKey struct{}

func withView(ctx context.Context, view *View) context.Context {
	return context.WithValue(ctx, viewKey{}, view)
}

// forget lets the view of a write see other objects as they are by now.
func forget(ctx context.Context) {
	if view, ok := ctx.Value(viewKey{}).(*View); ok {
		clear(view.read)
		view.revision = ""
	}
}

// once asks once in a write, however often it is tried.
func (v *View) once(ask func() []string) []string {
	if v.read == nil {
		return ask()
	}
	if !v.asked {
		v.answer, v.asked = ask(), true
	}
	return v.answer
}

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

// ErrNotServed says that nothing is known of a kind.
var ErrNotServed = errors.New("this server does not serve it")

// Get returns the object of a name in the namespace of a request, as new as a client would see it. It is shared: it is not to be
// changed. The error is ErrNotServed, or that of an API, such as NotFound.
func Get[T runtime.Object](ctx context.Context, view *View, resource schema.GroupResource, name string) (T, error) {
	var none T
	store := view.store(resource)
	if store == nil {
		return none, ErrNotServed
	}
	object, err := store.Get(ctx, name, &metav1.GetOptions{})
	switch {
	case apierrors.IsBadRequest(err): // no object can have such a name
		return none, apierrors.NewNotFound(resource, name)
	case err != nil:
		return none, err
	}
	return object.(T), nil
}

// Referred returns what is wrong with a field that names an object, by the error of Get: nothing, if the object is there or if
// nothing is known of its kind. The detail says what is wrong if it is not there.
func Referred(err error, path *field.Path, name, detail string) field.ErrorList {
	switch {
	case err == nil || errors.Is(err, ErrNotServed):
		return nil
	case !apierrors.IsNotFound(err):
		return field.ErrorList{field.InternalError(path, err)}
	}
	missing := field.NotFound(path, name)
	missing.Detail = detail
	return field.ErrorList{missing}
}

// List lists the objects of a kind in the namespace of a request that the selector selects; its fields are those that
// the kind's Resource has. There are none of a kind that the server does not serve. What is listed is as new as
// a client would see it. The objects are shared: they are not to be changed.
func List[T runtime.Object](ctx context.Context, view *View, resource schema.GroupResource, selector fields.Selector) ([]T, error) {
	return list[T](ctx, view, resource, &metainternalversion.ListOptions{FieldSelector: selector})
}

// ListLabelled is List by labels.
func ListLabelled[T runtime.Object](ctx context.Context, view *View, resource schema.GroupResource, selector labels.Selector) ([]T, error) {
	return list[T](ctx, view, resource, &metainternalversion.ListOptions{LabelSelector: selector})
}

func list[T runtime.Object](ctx context.Context, view *View, resource schema.GroupResource, options *metainternalversion.ListOptions) ([]T, error) {
	store := view.store(resource)
	if store == nil {
		return nil, nil
	}
	id := fmt.Sprintf("%s/%s?%v&%v", genericapirequest.NamespaceValue(ctx), resource, options.FieldSelector, options.LabelSelector)
	list, known := view.read[id]
	if !known {
		if view.revision != "" {
			options.ResourceVersion, options.ResourceVersionMatch = view.revision, metav1.ResourceVersionMatchNotOlderThan
		}
		objects, revision, err := listAll[T](ctx, store, options)
		list = listing{objects, err}
		if view.read != nil {
			view.read[id], view.revision = list, cmp.Or(view.revision, revision)
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

func listAll[T any](ctx context.Context, store *Store, options *metainternalversion.ListOptions) (all []T, revision string, err error) {
	if err := store.freshen(ctx, options); err != nil {
		return nil, "", err
	}
	var list runtime.Object
	err = wait.PollUntilContextTimeout(ctx, cachePoll, cachePatience, true, func(ctx context.Context) (done bool, err error) {
		list, err = store.List(ctx, options)
		if apierrors.IsTooManyRequests(err) || storage.IsTooLargeResourceVersion(err) { // the watch cache is being filled, or behind
			return false, nil
		}
		return true, err
	})
	if err != nil {
		return nil, "", err
	}
	all = make([]T, 0, meta.LenList(list))
	err = meta.EachListItem(list, func(item runtime.Object) error {
		if obj, ok := item.(T); ok {
			all = append(all, obj)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	accessor, err := meta.ListAccessor(list)
	if err != nil {
		return nil, "", err
	}
	return all, accessor.GetResourceVersion(), nil
}
