// Package generic serves kinds from etcd. What all kinds share - strategy, storage, tables - stands
// here once; what is particular to a kind is a Resource value in a folder of its own.
package generic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/storage"

	"github.com/velero-locations/velero-locations/registry/cascade"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// Resource says what is particular to one kind: T is a pointer to its type, L to its list. The type that clients see is also
// the one that the rules work on.
// Status is part of the object and written through it; no kind has a status subresource, as in Velero.
type Resource[T table.Object, L runtime.Object] struct {
	// GroupVersion that clients see the kind in.
	GroupVersion schema.GroupVersion
	// Plural is the resource's name in URLs.
	Plural string
	// ShortNames that kubectl accepts for the plural.
	ShortNames []string
	// Categories such as "all" that `kubectl get` accepts for several kinds at once.
	Categories []string
	// ClusterScoped kinds have no namespace.
	ClusterScoped bool
	// Columns of `kubectl get`, after the name.
	Columns table.Columns[T]

	// Environment of the server that serves the kind. Nil: the kind has nothing to do with others.
	Environment *Environment
	// Spec returns what metadata.generation counts changes of. Nil: the kind has no generation.
	Spec func(T) any
	// Fields returns the fields that selectors may use, beside name and namespace, with their
	// values in an object. The labels are the same for every object.
	Fields func(T) fields.Set
	// Indexes are what the server itself selects objects by, and its watch cache finds them by without a look at each: by name, with
	// the value of an object. They are no fields for clients.
	Indexes map[string]func(T) string
	// Prepare fills in or resets what a client does not decide, before validation. old is nil on creation.
	Prepare func(obj, old T)
	// Complete fills in what objects of other kinds decide, after Prepare. What keeps it from doing so is for
	// Relate to say. old is nil on creation. Nil: nothing.
	Complete func(ctx context.Context, view *View, obj, old T)
	// ValidateName returns what is wrong with a name. Nil: it must be a DNS subdomain.
	ValidateName validation.ValidateNameFunc
	// Validate returns all that is wrong with an object. old is nil on creation.
	Validate func(obj, old T) field.ErrorList
	// Relate returns all that is wrong with an object in the light of others. old is nil on creation. Nil: nothing.
	Relate func(ctx context.Context, view *View, obj, old T) field.ErrorList
	// Warn returns what is accepted but doubtful in an object that is new, or has a new spec. The context is short: what
	// cannot be found out in time is not warned of. Nil: nothing.
	Warn func(ctx context.Context, view *View, obj T) []string
	// Ask returns what others than this server say about an object that is new, or has a new spec, in what Warn leaves of its time. A
	// write that is tried again does not ask again. old is nil on creation. Nil: nobody is asked.
	Ask func(ctx context.Context, view *View, obj, old T) []string
	// WarnDeletion returns what whoever deletes an object should know, of the object as it was last. The context is short. Nil: nothing.
	WarnDeletion func(ctx context.Context, view *View, obj T) []string
	// Dependents are objects of another kind that go with an object that is deleted. Nil: there are none.
	Dependents *Dependents
	// Anchor is what objects of another kind stand on. Nil: none does.
	Anchor *Anchor[T]
	// Exclusive is a mark that at most one object of a namespace carries. Nil: there is none.
	Exclusive *Exclusive[T]
	// UnconditionalUpdate accepts a PUT without a resourceVersion.
	UnconditionalUpdate bool
	// TTL after which an object vanishes. 0: never.
	TTL time.Duration
	// Decorate changes what is shown of an object, not what is stored.
	Decorate func(T)
}

// Kind is a Resource of any type.
type Kind interface {
	// GroupVersionResource by which clients reach the kind.
	GroupVersionResource() schema.GroupVersionResource
	// GroupVersionKind of the objects that clients see.
	GroupVersionKind() schema.GroupVersionKind
	// AddToScheme tells a scheme that has the kind's type how it is served: without another form inside of the server, and by
	// which labels field selectors may select.
	AddToScheme(scheme *runtime.Scheme) error
	// NewStore returns the kind's store on etcd.
	NewStore(scheme *runtime.Scheme, options generic.RESTOptionsGetter) (*Store, error)
}

// GroupVersionResource implements Kind.
func (r *Resource[T, L]) GroupVersionResource() schema.GroupVersionResource {
	return r.GroupVersion.WithResource(r.Plural)
}

// GroupVersionKind implements Kind.
func (r *Resource[T, L]) GroupVersionKind() schema.GroupVersionKind {
	return r.GroupVersion.WithKind(reflect.TypeFor[T]().Elem().Name())
}

// AddToScheme implements Kind.
func (r *Resource[T, L]) AddToScheme(scheme *runtime.Scheme) error {
	if err := AddInternal(scheme, r.GroupVersion.Group, newOf[T](), newOf[L]()); err != nil {
		return fmt.Errorf("registering the internal form of %s: %w", r.Plural, err)
	}
	return r.addFieldLabels(scheme)
}

func (r *Resource[T, L]) addFieldLabels(scheme *runtime.Scheme) error {
	_, set, err := r.attributes(newOf[T]())
	if err != nil {
		return err
	}
	supported := slices.DeleteFunc(slices.Sorted(maps.Keys(set)), func(label string) bool { return r.Indexes[label] != nil })
	kind := r.GroupVersionKind()
	convert := func(label, value string) (string, string, error) {
		if !slices.Contains(supported, label) {
			return "", "", fmt.Errorf("field label not supported for %s: %s: must be one of %s", kind.Kind, label, strings.Join(supported, ", "))
		}
		return label, value, nil
	}
	if err := scheme.AddFieldLabelConversionFunc(kind, convert); err != nil {
		return fmt.Errorf("registering the field labels of %s: %w", kind.Kind, err)
	}
	return nil
}

// NewStore implements Kind.
func (r *Resource[T, L]) NewStore(scheme *runtime.Scheme, options generic.RESTOptionsGetter) (*Store, error) {
	if r.Validate == nil {
		return nil, fmt.Errorf("setting up the store of %s: %w", r.Plural, errNoValidation)
	}
	store := &genericregistry.Store{
		NewFunc:                   func() runtime.Object { return newOf[T]() },
		NewListFunc:               func() runtime.Object { return newOf[L]() },
		DefaultQualifiedResource:  r.GroupVersionResource().GroupResource(),
		SingularQualifiedResource: r.GroupVersion.WithResource(strings.ToLower(r.GroupVersionKind().Kind)).GroupResource(),
		TableConvertor:            table.NewConvertor(r.Columns),
	}
	strategy := newStrategy(r, scheme)
	store.CreateStrategy, store.UpdateStrategy, store.DeleteStrategy = strategy, strategy, strategy
	if r.TTL > 0 {
		store.TTLFunc = func(runtime.Object, uint64, bool) (uint64, error) { return uint64(r.TTL.Seconds()), nil }
	}
	if r.Decorate != nil {
		store.Decorator = r.decorate
	}
	complete := &Store{Store: store, shortNames: r.ShortNames, categories: r.Categories}
	options = r.transactions(complete, options)
	store.PredicateFunc = r.predicate
	if err := store.CompleteWithOptions(&generic.StoreOptions{RESTOptions: options, AttrFunc: r.attributes, Indexers: r.indexers()}); err != nil {
		return nil, fmt.Errorf("setting up the store of %s: %w", r.GroupVersionResource().GroupResource(), err)
	}
	complete.newView = func() *View {
		view := newView(r.Environment)
		view.own = complete
		return view
	}
	complete.strategy = func(view *View) writeStrategy { return strategy.of(view) }
	if r.WarnDeletion != nil {
		complete.warnDeletion = func(ctx context.Context, object runtime.Object) []string {
			return r.WarnDeletion(ctx, newView(r.Environment), object.(T))
		}
	}
	return complete, nil
}

// transactions adds to the store what can only be done in transactions of etcd.
func (r *Resource[T, L]) transactions(store *Store, options generic.RESTOptionsGetter) generic.RESTOptionsGetter {
	if r.Exclusive == nil && r.Anchor == nil && r.Dependents == nil {
		return options
	}
	past := &direct[T]{}
	own := &transactionStorage[T]{direct: past, mark: r.Exclusive, anchor: r.Anchor, env: r.Environment}
	if r.Exclusive != nil {
		own.foretellMoves(store.Store)
		store.background = append(store.background, own.repeatAll)
	}
	if r.Dependents != nil {
		store.dependents = &dependents{Dependents: r.Dependents, env: r.Environment}
		store.AfterDelete = store.dependents.await
		store.background = append(store.background, func(ctx context.Context) { store.dependents.cascade.Run(ctx) })
	}
	return past.wrap(options, func(below storage.Interface) storage.Interface {
		own.Interface = below
		below = own
		if follow := store.dependents; follow != nil {
			follow.journal = cascade.NewJournal(past.etcd, past.prefix, r.GroupVersionResource().GroupResource())
			follow.cascade = cascade.NewController(follow.journal, follow.delete)
			below = &cascadeStorage[T]{Interface: below, direct: past, journal: follow.journal}
		}
		return below
	})
}

// errNoValidation keeps kinds from being served without rules by oversight.
var errNoValidation = errors.New("the kind has no validation: set Resource.Validate")

// attributes returns what label and field selectors are matched against.
func (r *Resource[T, L]) attributes(object runtime.Object) (labels.Set, fields.Set, error) {
	obj, ok := object.(T)
	if !ok {
		return nil, nil, fmt.Errorf("selecting %s: got a %T", r.Plural, object)
	}
	set := fields.Set{"metadata.name": obj.GetName()}
	if !r.ClusterScoped {
		set["metadata.namespace"] = obj.GetNamespace()
	}
	if r.Fields != nil {
		maps.Copy(set, r.Fields(obj))
	}
	for name, value := range r.Indexes {
		set[name] = value(obj)
	}
	return obj.GetLabels(), set, nil
}

func newOf[T runtime.Object]() T {
	return reflect.New(reflect.TypeFor[T]().Elem()).Interface().(T)
}
