// Package location has the controllers that check locations: backup storage locations whose provider
// speaks S3, and volume snapshot locations whose provider has a driver. They find out whether Velero
// could use them, and if not, what to do about it. Of those that only Velero's own pod has an identity for, they say so.
package location

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/lanes"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
)

// workers is how many locations are checked at a time. Endpoints which do not answer hold half of them at most.
const workers = 8

// firstRetry and lastRetry bound how long after an error of the Kubernetes API a location is tried again.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// Options says how locations are checked.
type Options struct {
	// Backend opens the storage of locations. Its Secrets are read from the manager's API.
	Backend backend.Backend
	// Frequency is how often a location is checked that does not say how often. 0: not again.
	Frequency time.Duration
	// Timeout is how long one check may take.
	Timeout time.Duration
	// ProbeWrites has locations that are not read-only written to, at most once in the time between checks. Nothing is left there.
	ProbeWrites bool
	// Events gets one event when a phase turns. It may be nil.
	Events record.EventRecorder
	// Metrics get the phases of locations.
	Metrics *metrics.Metrics
}

// reconciler checks one location at a time in each worker.
type reconciler[L client.Object] struct {
	mergepatch.Writer

	kind    kind[L]
	secrets client.Reader // the server, not a cache
	opts    Options
	memory  *memory
	lanes   *lanes.Lanes
	now     func() time.Time
}

// SetupBackupStorage adds the controller of backup storage locations to a manager.
func SetupBackupStorage(ctx context.Context, mgr manager.Manager, writer mergepatch.Writer, opts Options) error {
	return setup(ctx, mgr, writer, opts, backupStorage)
}

// SetupVolumeSnapshot adds the controller of volume snapshot locations to a manager.
func SetupVolumeSnapshot(ctx context.Context, mgr manager.Manager, writer mergepatch.Writer, opts Options) error {
	return setup(ctx, mgr, writer, opts, volumeSnapshot)
}

func setup[L client.Object](ctx context.Context, mgr manager.Manager, writer mergepatch.Writer, opts Options, of kind[L]) error {
	if err := mgr.GetFieldIndexer().IndexField(ctx, of.object(), indexSecrets, of.indexBySecrets); err != nil {
		return fmt.Errorf("indexing locations by their Secrets: %w", err)
	}
	return builder.ControllerManagedBy(mgr).
		For(of.object(), builder.WithPredicates(of.specChanges())).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(of.locationsUsing(mgr.GetClient()))).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstRetry, lastRetry),
		}).
		Complete(&reconciler[L]{
			kind:    of,
			Writer:  writer,
			secrets: mgr.GetAPIReader(),
			opts:    opts,
			memory:  newMemory(),
			lanes:   lanes.New(workers),
			now:     time.Now,
		})
}

// Reconcile checks a location, if anything here can, when its spec or a Secret that it uses has
// changed since the last check, or when its time has come; writes what it found into the status;
// and records an event if the phase turned.
func (r *reconciler[L]) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	location := r.kind.object()
	if err := r.Get(ctx, req.NamespacedName, location); err != nil {
		r.forget(req.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	message, unchecked := r.kind.unchecked(&r.opts.Backend, location)
	if location.GetDeletionTimestamp() != nil || unchecked {
		r.forget(req.NamespacedName)
		return reconcile.Result{}, client.IgnoreNotFound(r.leaveUnchecked(ctx, location, message))
	}

	known, err := r.knownSecrets(ctx, location)
	if err != nil {
		return reconcile.Result{}, err
	}
	last := r.memory.recall(req.NamespacedName)
	every := frequency(r.kind.frequency(location), r.opts.Frequency)
	seen := state{spec: r.kind.spec(location), secrets: known, phase: r.kind.phase(location)}
	if wait, due := due(last, seen, last.pause(every), r.now()); !due {
		return later(wait), nil
	}

	turn, ok := r.lanes.Enter(r.kind.endpoint(location))
	if !ok {
		return later(lanes.Wait), nil
	}
	read := secretVersions{}
	tried, cause, err := r.check(ctx, location, last, read, turn)
	if errors.Is(err, lanes.ErrSlow) {
		return later(lanes.Wait), nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("checking the location: %w", err)
	}
	found := conclude(r.kind.name, location.GetName(), last.phaseOr(seen.phase), cause)
	r.kind.tell(r.opts.Metrics, req.Name, found.phase)
	now := r.now()
	if err := r.report(ctx, location, last, found, now); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if found.turned && r.opts.Events != nil {
		r.opts.Events.Event(location, found.eventType, found.phase, found.event)
	}
	checked := last.next(state{spec: seen.spec, secrets: read, phase: found.phase}, now)
	if checked.write = tried; tried.at.IsZero() { // the check did not come to that
		checked.write, _ = last.attempted(seen.spec, read, every, now)
	}
	r.memory.remember(req.NamespacedName, checked)
	return later(checked.pause(every)), nil
}

// later is when a location is looked at again, if nothing changes: behind those that are new or have changed.
func later(after time.Duration) reconcile.Result {
	return reconcile.Result{RequeueAfter: after, Priority: ptr.To(handler.LowPriority)}
}

// forget drops what is known of a location that is gone, or not checked here any more.
func (r *reconciler[L]) forget(location types.NamespacedName) {
	r.memory.forget(location)
	r.kind.tell(r.opts.Metrics, location.Name, "")
}

// leaveUnchecked takes away what an earlier check found, and writes the message instead; nothing if
// there is none, or the status says so already.
func (r *reconciler[L]) leaveUnchecked(ctx context.Context, location L, message string) error {
	if message == "" || r.kind.phase(location) == "" && r.kind.message(location) == message {
		return nil
	}
	return r.writeStatus(ctx, location, "", message, time.Time{})
}

// report writes what a check found. Where nothing can be found out from here, what somebody else has found since that was
// said stands: Velero's own server can check what its pod has the identity for.
func (r *reconciler[L]) report(ctx context.Context, location L, last *memo, found verdict, now time.Time) error {
	switch {
	case found.phase != "":
		return r.writeStatus(ctx, location, found.phase, found.message, now)
	case last != nil && last.phase == "" && r.kind.phase(location) != "":
		return nil
	}
	return r.leaveUnchecked(ctx, location, found.message)
}

// knownSecrets returns the versions of the Secrets that a location uses, as far as the cache has
// come. A Secret that is not there has an empty version.
func (r *reconciler[L]) knownSecrets(ctx context.Context, location L) (secretVersions, error) {
	versions := secretVersions{}
	for _, name := range r.kind.secrets(location) {
		secret := &metav1.PartialObjectMetadata{}
		secret.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
		err := r.Get(ctx, types.NamespacedName{Namespace: location.GetNamespace(), Name: name}, secret)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("looking up Secret %q: %w", name, err)
		}
		versions[name] = secret.ResourceVersion
	}
	return versions, nil
}

// check runs a check within its time, and notes which versions of Secrets it read, and the last attempt to write. The cause is why
// the location is unavailable; nil: it is available. An error means that the check could not be made, which says nothing about the
// location.
func (r *reconciler[L]) check(ctx context.Context, location L, last *memo, read secretVersions, turn lanes.Turn) (tried attempt, cause, err error) {
	storage := r.opts.Backend
	storage.Secrets = secretReader{r.secrets, read}
	cause = turn.Ask(ctx, r.opts.Timeout, func(ctx context.Context) error {
		err := r.kind.check(ctx, &storage, location)
		if err == nil && r.opts.ProbeWrites && r.kind.write != nil {
			tried, err = r.tryWriting(ctx, &storage, location, last, read)
		}
		return err
	})
	if ctx.Err() != nil {
		return tried, nil, ctx.Err() // the controller is stopping
	}
	var failure *backend.APIError
	if errors.As(cause, &failure) {
		return tried, nil, failure
	}
	if errors.Is(cause, lanes.ErrSlow) {
		return tried, nil, cause
	}
	return tried, cause, nil
}

// writeStatus writes the outcome of a check. All three fields are always written: what the cache has may not be what this
// process wrote last.
func (r *reconciler[L]) writeStatus(ctx context.Context, location L, phase, message string, at time.Time) error {
	status := map[string]any{"phase": orNull(phase), "message": orNull(message), "lastValidationTime": nil}
	if !at.IsZero() {
		status["lastValidationTime"] = metav1.NewTime(at)
	}
	return mergepatch.WriteStatus(ctx, r.Writer, location, status)
}

// orNull is how a merge patch takes a text away.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
