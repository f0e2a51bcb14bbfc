// Package location is the controller that checks backup storage locations whose provider speaks
// S3: whether Velero could use them, and if not, what to do about it.
package location

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations/provider"
)

// workers is how many locations are checked at a time, so that endpoints which do not answer do
// not keep the others waiting.
const workers = 8

// firstRetry and lastRetry bound how long after an error of the Kubernetes API a location is tried again.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// Options says how locations are checked.
type Options struct {
	// DefaultEndpoint is the storage of locations that name no s3Url. Nil: Amazon's.
	DefaultEndpoint *url.URL
	// Frequency is how often a location is checked that does not say how often. 0: not again.
	Frequency time.Duration
	// Timeout is how long one check may take.
	Timeout time.Duration
	// Events gets one event when a phase turns.
	Events record.EventRecorder
	// FieldOwner is the manager of the fields of status.
	FieldOwner string
}

// reconciler checks one location at a time in each worker.
type reconciler struct {
	client  client.Client
	checker checker
	opts    Options
	memory  *memory
	now     func() time.Time
}

// Setup adds the controller to a manager.
func Setup(ctx context.Context, mgr manager.Manager, opts Options) error {
	if err := mgr.GetFieldIndexer().IndexField(ctx, &velerov1.BackupStorageLocation{}, indexSecrets, indexBySecrets); err != nil {
		return fmt.Errorf("indexing locations by their Secrets: %w", err)
	}
	return builder.ControllerManagedBy(mgr).
		For(&velerov1.BackupStorageLocation{}, builder.WithPredicates(specChanges)).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(locationsUsing(mgr.GetClient()))).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry),
		}).
		Complete(&reconciler{
			client:  mgr.GetClient(),
			checker: checker{secrets: mgr.GetAPIReader(), open: openS3, defaultEndpoint: opts.DefaultEndpoint},
			opts:    opts,
			memory:  newMemory(),
			now:     time.Now,
		})
}

// Reconcile checks a location whose provider speaks S3 if its spec or a Secret that it uses has
// changed since the last check, or if its time has come; writes what it found into the status;
// and tells of it in an event if the phase turned.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	location := &velerov1.BackupStorageLocation{}
	if err := r.client.Get(ctx, req.NamespacedName, location); err != nil {
		r.memory.forget(req.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if location.DeletionTimestamp != nil || !provider.SpeaksS3(location.Spec.Provider) {
		r.memory.forget(req.NamespacedName)
		return reconcile.Result{}, nil
	}

	known, err := r.knownSecrets(ctx, location)
	if err != nil {
		return reconcile.Result{}, err
	}
	last := r.memory.recall(req.NamespacedName)
	every := frequency(location, r.opts.Frequency)
	if wait, due := due(last, location, known, every, r.now()); !due {
		return reconcile.Result{RequeueAfter: wait}, nil
	}

	read := secretVersions{}
	cause, err := r.check(ctx, location, read)
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("checking the location: %w", err)
	}
	found := conclude(location, last, cause)
	now := r.now()
	if err := r.writeStatus(ctx, location, found, now); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if found.turned {
		r.opts.Events.Event(location, found.eventType, string(found.phase), found.event)
	}
	r.memory.remember(req.NamespacedName, &memo{spec: location.Spec, secrets: read, phase: found.phase, at: now})
	return reconcile.Result{RequeueAfter: every}, nil
}

// knownSecrets returns the versions of the Secrets that a location uses, as far as the cache has
// come. A Secret that is not there has an empty version.
func (r *reconciler) knownSecrets(ctx context.Context, location *velerov1.BackupStorageLocation) (secretVersions, error) {
	versions := secretVersions{}
	for _, name := range secretNames(location) {
		secret := &metav1.PartialObjectMetadata{}
		secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
		err := r.client.Get(ctx, types.NamespacedName{Namespace: location.Namespace, Name: name}, secret)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("looking up Secret %q: %w", name, err)
		}
		versions[name] = secret.ResourceVersion
	}
	return versions, nil
}

// check runs a check within its time. The cause is why the location is unavailable; nil: it is
// available. An error means that the check could not be made, which says nothing about the location.
func (r *reconciler) check(ctx context.Context, location *velerov1.BackupStorageLocation, read secretVersions) (cause, err error) {
	limited, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	cause = r.checker.check(limited, location, read)
	if ctx.Err() != nil {
		return nil, ctx.Err() // the controller is stopping
	}
	var failure *apiFailure
	if errors.As(cause, &failure) {
		return nil, failure
	}
	return cause, nil
}

// writeStatus writes the outcome of a check as Velero does: by a merge patch of the location
// itself, which has no status subresource. All three fields are always in it, because the location
// at hand may be older than what is stored.
func (r *reconciler) writeStatus(ctx context.Context, location *velerov1.BackupStorageLocation, found verdict, now time.Time) error {
	status := map[string]any{
		"phase":              found.phase,
		"message":            nil,
		"lastValidationTime": metav1.NewTime(now),
	}
	if found.message != "" {
		status["message"] = found.message
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return fmt.Errorf("encoding the status: %w", err)
	}
	// Into a copy: what was checked is the location at hand, not what the server has by now.
	err = r.client.Patch(ctx, location.DeepCopy(), client.RawPatch(types.MergePatchType, patch), client.FieldOwner(r.opts.FieldOwner))
	if err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	return nil
}
