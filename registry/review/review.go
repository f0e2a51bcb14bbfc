// Package review answers what users ask a server without a cluster about themselves: who they are, and what they may do. Nothing
// of it is kept.
package review

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"

	"github.com/velero-locations/velero-locations/registry/generic"
)

// Kind is a kind of review.
type Kind interface {
	// GroupVersionResource by which clients reach the kind.
	GroupVersionResource() schema.GroupVersionResource
	// AddToScheme tells a scheme that has the kind's type that there is no other form of it inside of the server.
	AddToScheme(scheme *runtime.Scheme) error
	// NewStorage returns what answers, by the authorizer that the environment has by then.
	NewStorage(env *generic.Environment) rest.Storage
}

// Kinds that this package serves.
var Kinds = []Kind{accessReviews, rulesReviews, subjectReviews}

// Asks says whether a request asks for a review. Every user may, as in a cluster.
func Asks(request authorizer.Attributes) bool {
	return request.GetVerb() == "create" && slices.ContainsFunc(Kinds, func(k Kind) bool {
		return k.GroupVersionResource() == schema.GroupVersionResource{Group: request.GetAPIGroup(), Version: request.GetAPIVersion(), Resource: request.GetResource()}
	})
}

// kind of review: T is a pointer to its type.
type kind[T runtime.Object] struct {
	groupVersion schema.GroupVersion
	plural       string
	// answer fills in the status, or says what is wrong with the question.
	answer func(ctx context.Context, may authorizer.Authorizer, asking user.Info, review T) field.ErrorList
}

// GroupVersionResource implements Kind.
func (k *kind[T]) GroupVersionResource() schema.GroupVersionResource {
	return k.groupVersion.WithResource(k.plural)
}

// AddToScheme implements Kind.
func (k *kind[T]) AddToScheme(scheme *runtime.Scheme) error {
	if err := generic.AddInternal(scheme, k.groupVersion.Group, k.new()); err != nil {
		return fmt.Errorf("registering the internal form of %s: %w", k.plural, err)
	}
	return nil
}

// NewStorage implements Kind.
func (k *kind[T]) NewStorage(env *generic.Environment) rest.Storage { return &storage[T]{k, env} }

func (k *kind[T]) name() string { return reflect.TypeFor[T]().Elem().Name() }

func (k *kind[T]) new() T { return reflect.New(reflect.TypeFor[T]().Elem()).Interface().(T) }

// storage answers by creating: what is created is the question, with the answer in its status.
type storage[T runtime.Object] struct {
	kind *kind[T]
	env  *generic.Environment
}

var _ interface {
	rest.Scoper
	rest.SingularNameProvider
} = &storage[runtime.Object]{}

// New implements rest.Storage.
func (s *storage[T]) New() runtime.Object { return s.kind.new() }

// Destroy implements rest.Storage.
func (s *storage[T]) Destroy() {}

// NamespaceScoped implements rest.Scoper.
func (s *storage[T]) NamespaceScoped() bool { return false }

// GetSingularName implements rest.SingularNameProvider.
func (s *storage[T]) GetSingularName() string { return strings.ToLower(s.kind.name()) }

// Create answers.
func (s *storage[T]) Create(ctx context.Context, obj runtime.Object, validate rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	review, ok := obj.(T)
	if !ok {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("want a %s, got a %T", s.kind.name(), obj))
	}
	asking, ok := genericapirequest.UserFrom(ctx)
	if !ok {
		return nil, apierrors.NewUnauthorized("the request has no user")
	}
	if validate != nil {
		if err := validate(ctx, review.DeepCopyObject()); err != nil {
			return nil, err
		}
	}
	if errs := s.kind.answer(ctx, s.env.Authorizer, asking, review); len(errs) > 0 {
		return nil, apierrors.NewInvalid(s.kind.groupVersion.WithKind(s.kind.name()).GroupKind(), "", errs)
	}
	return review, nil
}
