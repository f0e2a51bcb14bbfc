package generic

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage/names"

	"github.com/velero-locations/velero-locations/locations"
	"github.com/velero-locations/velero-locations/registry/generic/table"
)

// strategy applies a Resource's rules at each write. The store hands it objects of type T only.
type strategy[T table.Object, L runtime.Object] struct {
	runtime.ObjectTyper
	names.NameGenerator

	resource *Resource[T, L]
	view     *View // of the one write that the strategy is for, or one that keeps nothing
}

// writeStrategy is a strategy of any kind.
type writeStrategy interface {
	rest.RESTCreateStrategy
	rest.RESTUpdateStrategy
}

var (
	_ rest.RESTCreateStrategy              = strategy[table.Object, runtime.Object]{}
	_ rest.RESTUpdateStrategy              = strategy[table.Object, runtime.Object]{}
	_ rest.RESTDeleteStrategy              = strategy[table.Object, runtime.Object]{}
	_ rest.GarbageCollectionDeleteStrategy = strategy[table.Object, runtime.Object]{}
)

func newStrategy[T table.Object, L runtime.Object](resource *Resource[T, L], typer runtime.ObjectTyper) strategy[T, L] {
	return strategy[T, L]{ObjectTyper: typer, NameGenerator: names.SimpleNameGenerator, resource: resource, view: &View{Environment: resource.Environment}}
}

// of returns the strategy of a write that has this view of other objects.
func (s strategy[T, L]) of(view *View) strategy[T, L] {
	s.view = view
	return s
}

// NamespaceScoped says whether objects of the kind live in a namespace.
func (s strategy[T, L]) NamespaceScoped() bool { return !s.resource.ClusterScoped }

// AllowCreateOnUpdate is false: a PUT of a missing object is an error, as it is for custom resources.
func (strategy[T, L]) AllowCreateOnUpdate(context.Context) bool { return false }

// AllowUnconditionalUpdate is false for Velero's kinds, as it is for custom resources.
func (s strategy[T, L]) AllowUnconditionalUpdate(context.Context) bool {
	return s.resource.UnconditionalUpdate
}

// DefaultGarbageCollectionPolicy deletes dependents in the background.
func (strategy[T, L]) DefaultGarbageCollectionPolicy(context.Context) rest.GarbageCollectionPolicy {
	return rest.DeleteDependents
}

// PrepareForCreate starts the generation at 1 and keeps the status that the client sent, as
// Velero's backup sync needs.
func (s strategy[T, L]) PrepareForCreate(ctx context.Context, object runtime.Object) {
	obj := object.(T)
	if s.resource.Spec != nil {
		obj.SetGeneration(1)
	}
	var none T
	s.prepare(ctx, obj, none)
}

func (s strategy[T, L]) prepare(ctx context.Context, obj, old T) {
	if s.resource.Prepare != nil {
		s.resource.Prepare(obj, old)
	}
	if s.resource.Complete != nil {
		s.resource.Complete(ctx, s.view, obj, old)
	}
}

// PrepareForUpdate raises the generation when, and only when, the spec changes.
func (s strategy[T, L]) PrepareForUpdate(ctx context.Context, object, oldObject runtime.Object) {
	obj, old := object.(T), oldObject.(T)
	s.prepare(ctx, obj, old)
	if s.resource.Spec != nil {
		obj.SetGeneration(old.GetGeneration())
		if !apiequality.Semantic.DeepEqual(s.resource.Spec(obj), s.resource.Spec(old)) {
			obj.SetGeneration(old.GetGeneration() + 1)
		}
	}
	settle(ctx, object, oldObject)
}

// Validate returns all that is wrong with a new object, metadata included.
func (s strategy[T, L]) Validate(ctx context.Context, object runtime.Object) field.ErrorList {
	obj := object.(T)
	validateName := s.resource.ValidateName
	if validateName == nil {
		validateName = validation.NameIsDNSSubdomain
	}
	errs := validation.ValidateObjectMetaAccessor(obj, s.NamespaceScoped(), validateName, field.NewPath("metadata"))
	var none T
	return enough(append(errs, s.validate(ctx, obj, none)...))
}

// ValidateUpdate returns all that is wrong with an object or with the change to it.
func (s strategy[T, L]) ValidateUpdate(ctx context.Context, object, oldObject runtime.Object) field.ErrorList {
	obj, old := object.(T), oldObject.(T)
	errs := validation.ValidateObjectMetaAccessorUpdate(obj, old, field.NewPath("metadata"))
	return enough(append(errs, s.validate(ctx, obj, old)...))
}

// mostErrors is how many errors a refusal tells of.
const mostErrors = 100

// enough leaves out those that are too many for anybody to read: to write down 20,000 takes a minute, and the time grows with
// the square of their number.
func enough(errs field.ErrorList) field.ErrorList {
	more := len(errs) - mostErrors
	if more <= 0 {
		return errs
	}
	last := *errs[mostErrors-1]
	last.Detail += fmt.Sprintf(" (and %s)", locations.Count(more, "more error"))
	return append(errs[:mostErrors-1], &last)
}

func (s strategy[T, L]) validate(ctx context.Context, obj, old T) field.ErrorList {
	errs := s.resource.Validate(obj, old)
	if s.resource.Relate != nil {
		errs = append(errs, s.resource.Relate(ctx, s.view, obj, old)...)
	}
	return errs
}

// WarningsOnCreate returns what is accepted but doubtful in a new object.
func (s strategy[T, L]) WarningsOnCreate(ctx context.Context, object runtime.Object) []string {
	obj := object.(T)
	var none T
	return append(finalizerWarnings(obj.GetFinalizers(), nil), s.warnings(ctx, obj, none)...)
}

// WarningsOnUpdate returns what is accepted but doubtful in an object whose spec changes. Whoever
// writes a status or a label, or what is there already, is not told again.
func (s strategy[T, L]) WarningsOnUpdate(ctx context.Context, object, oldObject runtime.Object) []string {
	obj, old := object.(T), oldObject.(T)
	found := finalizerWarnings(obj.GetFinalizers(), old.GetFinalizers())
	if s.resource.Spec != nil && apiequality.Semantic.DeepEqual(s.resource.Spec(obj), s.resource.Spec(old)) {
		return found
	}
	return append(found, s.warnings(ctx, obj, old)...)
}

// finalizerWarnings warns of new finalizers without a domain, as custom resources do: another controller might choose the same.
func finalizerWarnings(finalizers, old []string) []string {
	known := append([]string{metav1.FinalizerOrphanDependents, metav1.FinalizerDeleteDependents, string(corev1.FinalizerKubernetes)}, old...)
	var found []string
	for _, name := range finalizers {
		if !strings.Contains(name, "/") && !slices.Contains(known, name) {
			found = append(found, fmt.Sprintf("metadata.finalizers: %q: put a domain before it, such as example.com/%s, so that it is no other controller's, too", name, name))
		}
	}
	return found
}

// warningTimeout is by how much looking for warnings may at most delay a write.
const warningTimeout = time.Second

func (s strategy[T, L]) warnings(ctx context.Context, obj, old T) []string {
	ctx, cancel := context.WithTimeout(ctx, warningTimeout)
	defer cancel()
	var found []string
	if s.resource.Warn != nil {
		found = s.resource.Warn(ctx, s.view, obj)
	}
	if s.resource.Ask != nil {
		found = append(found, s.view.once(func() []string { return s.resource.Ask(ctx, s.view, obj, old) })...)
	}
	return found
}

// Canonicalize leaves objects as their users wrote them.
func (strategy[T, L]) Canonicalize(runtime.Object) {}

// decorate applies the Resource's Decorate to an object or to each item of a list.
func (r *Resource[T, L]) decorate(object runtime.Object) {
	if obj, ok := object.(T); ok {
		r.Decorate(obj)
		return
	}
	// EachListItem fails only on what is no list, which holds nothing to decorate.
	_ = meta.EachListItem(object, func(item runtime.Object) error {
		if obj, ok := item.(T); ok {
			r.Decorate(obj)
		}
		return nil
	})
}
