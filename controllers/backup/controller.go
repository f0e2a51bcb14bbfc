// Package backup is the controller that carries out Backups: it reads what belongs to them from the Kubernetes API, has
// snapshots taken of the volumes, and writes both to object storage in Velero's form.
package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	events "k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/backup/inventory"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/index"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
	"github.com/velero-locations/velero-locations/locations/selection"
)

// Options says how backups are carried out.
type Options struct {
	// Backend opens the storage of locations.
	Backend *backend.Backend
	// Defaults of the selection of locations.
	Defaults selection.Defaults
	// TTL of backups that do not say how long they are kept.
	TTL time.Duration
	// Concurrent is how many backups run at a time.
	Concurrent int
	// LocationWait is how long a backup waits for the first check of a location that is new; and one that was interrupted
	// for its location to answer.
	LocationWait time.Duration
	// Events gets one event when a backup begins, and one when it ends. It may be nil.
	Events events.EventRecorder
	// Metrics get how backups go.
	Metrics *metrics.Metrics
}

// reconciler carries out one backup at a time in each worker.
type reconciler struct {
	mergepatch.Writer

	// live reads from the server, not from a cache: a location that was made just before a backup must be seen.
	live      client.Reader
	api       *inventory.API
	discovery discovery.DiscoveryInterface
	opts      Options
	queue     *queue
	now       func() time.Time
}

// Setup adds the controller to a manager.
func Setup(mgr manager.Manager, writer mergepatch.Writer, opts Options) error {
	api, err := inventory.NewAPI(mgr.GetConfig())
	if err != nil {
		return err
	}
	discover, err := discovery.NewDiscoveryClientForConfig(mgr.GetConfig())
	if err != nil {
		return fmt.Errorf("making a client for discovery: %w", err)
	}
	r := &reconciler{
		Writer: writer, live: mgr.GetAPIReader(), api: api, discovery: discover, opts: opts, now: time.Now,
		queue: newQueue(opts.Concurrent),
	}
	const free = 2 // workers that write their positions into backups that wait
	return builder.ControllerManagedBy(mgr).Named("backup").
		For(&velerov1.Backup{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: opts.Concurrent + free}).
		Complete(r)
}

// Reconcile carries out a backup that waits, from its first phase to its last; and brings one to an end whose controller
// stopped in the middle. Others are left alone.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	backup := &velerov1.Backup{}
	if err := r.Get(ctx, req.NamespacedName, backup); err != nil {
		if apierrors.IsNotFound(err) {
			r.queue.forget(req.NamespacedName)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	switch {
	case backup.DeletionTimestamp != nil, r.queue.finished(backup): // the cache may be behind
		return reconcile.Result{}, nil
	case backup.Status.Phase.Waiting():
		return r.take(ctx, backup)
	case backup.Status.Phase == velerov1.BackupPhaseInProgress:
		return r.recover(ctx, backup)
	}
	return reconcile.Result{}, nil
}

// again is after how long a backup that has to wait is looked at again.
const again = time.Second

// take carries out a backup if it is its turn.
func (r *reconciler) take(ctx context.Context, backup *velerov1.Backup) (reconcile.Result, error) {
	position := r.queue.behind(backup, r.now())
	if position == 0 {
		var ahead velerov1.BackupList // which is only read: the objects are the cache's
		if err := r.List(ctx, &ahead, index.BackupsAhead.Is(index.Ahead), client.UnsafeDisableDeepCopy); err != nil {
			return reconcile.Result{}, fmt.Errorf("listing backups: %w", err)
		}
		position = r.queue.enter(backup, ahead.Items, r.now())
	}
	if position > 0 {
		return reconcile.Result{RequeueAfter: again}, mergepatch.Write(ctx, r.Writer, backup, func(b *velerov1.Backup) {
			b.Status.Phase, b.Status.QueuePosition = velerov1.BackupPhaseQueued, position
		})
	}
	defer r.queue.leave(backup)

	plan, err := r.prepare(ctx, backup)
	switch {
	case err != nil:
		return reconcile.Result{}, err
	case plan.undecided && r.now().Sub(backup.CreationTimestamp.Time) < r.opts.LocationWait:
		plan.close()
		r.queue.postpone(backup)
		return reconcile.Result{RequeueAfter: again}, nil
	}
	defer plan.close()
	return reconcile.Result{}, r.carryOut(ctx, backup, plan)
}

// carryOut runs a backup that can run, and reports why one cannot.
func (r *reconciler) carryOut(ctx context.Context, backup *velerov1.Backup, plan *plan) error {
	if len(plan.problems) > 0 {
		return r.end(ctx, backup, func(b *velerov1.Backup) {
			plan.apply(b)
			b.Status.Phase, b.Status.ValidationErrors = velerov1.BackupPhaseFailedValidation, plan.problems
		})
	}
	start := metav1.NewTime(r.now())
	err := mergepatch.Advance(ctx, r.Writer, backup, func(b *velerov1.Backup) {
		plan.apply(b)
		if plan.location != nil {
			b.Annotations = with(b.Annotations, backend.StoredAtAnnotation, backend.StoredAt(plan.location))
		}
		b.Status.Phase, b.Status.StartTimestamp = velerov1.BackupPhaseInProgress, &start
	})
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return nil // it is being deleted, perhaps; a change brings it back
	case err != nil:
		return err
	}
	r.opts.Metrics.BackupBegins(backup)
	tellBegin(r.opts.Events, backup)
	klog.FromContext(ctx).V(2).Info("Backup begins", "location", backup.Spec.StorageLocation)
	run, err := r.newRun(ctx, backup, plan)
	if err == nil {
		final, runErr := run.do(ctx)
		if runErr == nil {
			return r.end(ctx, backup, func(b *velerov1.Backup) { b.Status = final.Status })
		}
		err = r.discardAgain(ctx, backup, runErr)
	}
	if ctx.Err() != nil {
		err = fmt.Errorf("the controller was stopped: %w", err)
	}
	return r.fail(ctx, backup, err)
}

// fail ends a backup that others never get to see.
func (r *reconciler) fail(ctx context.Context, backup *velerov1.Backup, cause error) error {
	reason := strings.ReplaceAll(cause.Error(), "\n", "; ")
	end := metav1.NewTime(r.now())
	return r.end(ctx, backup, func(b *velerov1.Backup) {
		b.Status.Phase, b.Status.FailureReason, b.Status.CompletionTimestamp = velerov1.BackupPhaseFailed, reason, &end
	})
}

// endTimeout is how long is spent on writing a final phase, even if the controller is to stop.
const endTimeout = 5 * time.Second

// end writes a final phase. If that fails, the backup is found again as one whose controller stopped.
func (r *reconciler) end(ctx context.Context, backup *velerov1.Backup, change func(*velerov1.Backup)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if err := mergepatch.Write(ctx, r.Writer, backup, change); err != nil {
		return err
	}
	r.queue.finish(backup)
	r.opts.Metrics.BackupEnds(backup)
	tellEnd(r.opts.Events, backup)
	return nil
}

// newRun makes all that a run needs.
func (r *reconciler) newRun(ctx context.Context, backup *velerov1.Backup, plan *plan) (*run, error) {
	notes := record.New("backup", backup.Namespace+"/"+backup.Name)
	for _, warning := range plan.warnings {
		notes.DoubtfulAsWhole(warning)
	}
	if plan.store == nil {
		return nil, errors.New("there is no store to write to")
	}
	return newRun(run{
		backup: backup.DeepCopy(), api: r.api, resources: plan.resources, scope: plan.scope, record: notes, metrics: r.opts.Metrics, now: r.now,
		store:    plan.store,
		volumes:  &volumes{backup: backup, locations: plan.snapshotLocations, record: notes, metrics: r.opts.Metrics, now: r.now},
		unmoved:  func(ctx context.Context) error { return backend.Unmoved(ctx, r.live, plan.location) },
		progress: r.reporter(ctx, backup),
	}), nil
}

// reporter returns a function that writes progress into the status, at most once a second. That it cannot be written
// does no harm.
func (r *reconciler) reporter(ctx context.Context, backup *velerov1.Backup) func(done, total int) {
	last := r.now()
	return func(done, total int) {
		if now := r.now(); now.Sub(last) >= time.Second {
			last = now
			err := mergepatch.Write(ctx, r.Writer, backup, func(b *velerov1.Backup) {
				b.Status.Progress = &velerov1.BackupProgress{TotalItems: total, ItemsBackedUp: done}
			})
			if err != nil {
				klog.FromContext(ctx).V(2).Info("Progress could not be written", "err", err)
			}
		}
	}
}
