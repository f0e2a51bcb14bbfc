// Package namespace is the controller that empties namespaces which are being deleted. It is for
// the API server of `dev`, where a namespace is held by a finalizer in its metadata; clusters have
// a controller of their own, which uses spec.finalizers.
package namespace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Finalizer holds a namespace until nothing is left in it.
const Finalizer = string(corev1.FinalizerKubernetes)

// patience is how long objects that have finalizers of their own are left alone before the
// namespace is looked at again.
const patience = time.Second

// firstRetry and lastRetry bound how long after an error a namespace is looked at again.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// reconciler empties one namespace at a time.
type reconciler struct {
	client    client.Client
	discovery discovery.DiscoveryInterface
	metadata  metadata.Interface
}

// Setup adds the controller to a manager.
func Setup(mgr manager.Manager) error {
	found, err := discovery.NewDiscoveryClientForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("making a discovery client: %w", err)
	}
	objects, err := metadata.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("making a metadata client: %w", err)
	}
	deleted := predicate.NewPredicateFuncs(func(obj client.Object) bool { return obj.GetDeletionTimestamp() != nil })
	return builder.ControllerManagedBy(mgr).
		For(&corev1.Namespace{}, builder.WithPredicates(deleted)).
		WithOptions(controller.Options{
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry),
		}).
		Complete(&reconciler{client: mgr.GetClient(), discovery: found, metadata: objects})
}

// Reconcile deletes what is in a namespace that is being deleted and, once nothing is left,
// lets the namespace go.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	var namespace corev1.Namespace
	if err := r.client.Get(ctx, req.NamespacedName, &namespace); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if namespace.DeletionTimestamp == nil || !slices.Contains(namespace.Finalizers, Finalizer) {
		return reconcile.Result{}, nil
	}
	left, err := r.empty(ctx, namespace.Name)
	switch {
	case err != nil:
		return reconcile.Result{}, fmt.Errorf("emptying namespace %q: %w", namespace.Name, err)
	case left:
		return reconcile.Result{RequeueAfter: patience}, nil
	}
	return reconcile.Result{}, r.release(ctx, &namespace)
}

// empty deletes everything in a namespace and says whether something is left nevertheless. It goes
// on after an error, to delete as much as it can.
func (r *reconciler) empty(ctx context.Context, namespace string) (left bool, err error) {
	resources, problem := r.deletable()
	problems := []error{problem}
	for _, resource := range resources {
		remains, err := r.emptyResource(ctx, resource, namespace)
		if err != nil {
			problems = append(problems, fmt.Errorf("deleting %s: %w", resource.GroupResource(), err))
		}
		left = left || remains
	}
	return left, errors.Join(problems...)
}

// deletable returns the namespaced resources that can be listed and deleted. Where some group does
// not answer it returns the others with the error: a namespace is not empty before all are seen.
func (r *reconciler) deletable() ([]schema.GroupVersionResource, error) {
	lists, failure := discovery.ServerPreferredNamespacedResources(r.discovery)
	var resources []schema.GroupVersionResource
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "deletecollection"}}, lists) {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return resources, fmt.Errorf("reading what the server serves: %w", err)
		}
		for _, resource := range list.APIResources {
			resources = append(resources, version.WithResource(resource.Name))
		}
	}
	if failure != nil {
		return resources, fmt.Errorf("asking what the server serves: %w", failure)
	}
	return resources, nil
}

// emptyResource deletes all objects of a resource and says whether one is left: it may have
// finalizers, or have come meanwhile.
func (r *reconciler) emptyResource(ctx context.Context, resource schema.GroupVersionResource, namespace string) (bool, error) {
	objects := r.metadata.Resource(resource).Namespace(namespace)
	background := metav1.DeletePropagationBackground
	err := objects.DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{})
	if err != nil && !gone(err) {
		return true, err
	}
	rest, err := objects.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		if gone(err) {
			return false, nil
		}
		return true, err
	}
	return len(rest.Items) > 0, nil
}

// gone says that the resource is not served any more, or not in this way.
func gone(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err)
}

// release takes the finalizer away. The patch carries the resource version, since it replaces the
// whole list of finalizers.
func (r *reconciler) release(ctx context.Context, namespace *corev1.Namespace) error {
	before := namespace.DeepCopy()
	namespace.Finalizers = slices.DeleteFunc(namespace.Finalizers, func(name string) bool { return name == Finalizer })
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := client.IgnoreNotFound(r.client.Patch(ctx, namespace, patch)); err != nil {
		return fmt.Errorf("releasing namespace %q: %w", namespace.Name, err)
	}
	return nil
}
