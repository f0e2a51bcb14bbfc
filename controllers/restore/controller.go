// Package restore is the controller that carries out Restores: it reads a backup, of ours or of Velero's, from object storage, and
// makes its objects and volumes in the cluster, by the rules of Velero 1.18.
package restore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	events "k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics"
	"github.com/velero-locations/velero-locations/controllers/internal/record"
	"github.com/velero-locations/velero-locations/controllers/internal/tell"
)

// finalizer keeps a Restore until its files are deleted from object storage. It is Velero's.
const finalizer = "restores.velero.io/external-resources-finalizer"

// Options says how restores are carried out.
type Options struct {
	// Backend opens the storage of locations.
	Backend *backend.Backend
	// LocationWait is how long a restore waits for the first check of a location that is new.
	LocationWait time.Duration
	// TerminatingTimeout is how long is waited for a namespace, or a persistent volume, that is being deleted.
	TerminatingTimeout time.Duration
	// ReadyTimeout is how long is waited until objects of a restored definition can be made, and until a snapshot is complete.
	ReadyTimeout time.Duration
	// Events gets one event when a restore begins, and one when it ends. It may be nil.
	Events events.EventRecorder
	// Metrics get how restores go.
	Metrics *metrics.Metrics
}

type reconciler struct {
	mergepatch.Writer
	preparer

	api  *api
	opts Options
	now  func() time.Time
}

// Setup adds the controller to a manager. One restore is carried out at a time.
func Setup(mgr manager.Manager, writer mergepatch.Writer, opts Options) error {
	api, err := newAPI(mgr.GetConfig(), writer.FieldOwner)
	if err != nil {
		return err
	}
	live, err := client.New(mgr.GetConfig(), client.Options{Scheme: mgr.GetScheme(), HTTPClient: mgr.GetHTTPClient()})
	if err != nil {
		return fmt.Errorf("making a client of the API: %w", err)
	}
	r := &reconciler{Writer: writer, preparer: preparer{live: live, open: opener(opts.Backend)}, api: api, opts: opts, now: time.Now}
	return builder.ControllerManagedBy(mgr).Named("restore").For(&velerov1.Restore{}).Complete(r)
}

// opener has plans read and write the storage of locations.
func opener(b *backend.Backend) func(context.Context, *plan, *velerov1.BackupStorageLocation) error {
	return func(ctx context.Context, p *plan, location *velerov1.BackupStorageLocation) error {
		store, err := b.Backups(ctx, location)
		if err != nil {
			return err
		}
		p.store, p.files = store, store
		return nil
	}
}

// soon is after how long a restore that has to wait is looked at again.
const soon = time.Second

// Reconcile carries out a restore that is new, from its first phase to its last; ends one whose controller stopped in the middle; and
// deletes the files of one that is being deleted.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	restore := &velerov1.Restore{}
	if err := r.live.Get(ctx, req.NamespacedName, restore); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	switch {
	case restore.DeletionTimestamp != nil:
		return reconcile.Result{}, r.clear(ctx, restore)
	case restore.Status.Phase == "", restore.Status.Phase == velerov1.RestorePhaseNew:
		return r.take(ctx, restore)
	case restore.Status.Phase == velerov1.RestorePhaseInProgress:
		return reconcile.Result{}, r.fail(ctx, restore, errors.New("the controller stopped while the backup was being restored: what was restored by then is there; restore again for the rest"))
	}
	return reconcile.Result{}, nil
}

// take carries out a restore that can be, and reports why one cannot.
func (r *reconciler) take(ctx context.Context, restore *velerov1.Restore) (reconcile.Result, error) {
	plan, err := r.prepare(ctx, restore)
	if err != nil {
		return reconcile.Result{}, err
	}
	defer plan.close()
	if plan.undecided && r.now().Sub(restore.CreationTimestamp.Time) < r.opts.LocationWait {
		return reconcile.Result{RequeueAfter: soon}, nil
	}
	if len(plan.problems) > 0 {
		return reconcile.Result{}, r.end(ctx, restore, func(s *velerov1.Restore) {
			plan.apply(s)
			s.Status.Phase, s.Status.ValidationErrors = velerov1.RestorePhaseFailedValidation, plan.problems
		})
	}
	start := metav1.NewTime(r.now())
	err = mergepatch.Advance(ctx, r.Writer, restore, func(s *velerov1.Restore) {
		plan.apply(s)
		controllerutil.AddFinalizer(s, finalizer)
		s.Status.Phase, s.Status.StartTimestamp = velerov1.RestorePhaseInProgress, &start
	})
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return reconcile.Result{}, nil // a change brings it back
	case err != nil:
		return reconcile.Result{}, err
	}
	r.opts.Metrics.RestoreBegins(restore)
	tell.Event(r.opts.Events, restore, corev1.EventTypeNormal, string(restore.Status.Phase), fmt.Sprintf("The restore of backup %q begins", restore.Spec.BackupName))
	klog.FromContext(ctx).V(2).Info("Restore begins", "backup", restore.Spec.BackupName)
	return reconcile.Result{}, r.carryOut(ctx, restore, plan)
}

// carryOut restores, stores how it went, and writes the final phase.
func (r *reconciler) carryOut(ctx context.Context, restore *velerov1.Restore, plan *plan) error {
	contents, found, err := plan.files.Unpack(ctx, restore.Spec.BackupName, os.TempDir())
	switch {
	case err != nil:
		return r.fail(ctx, restore, fmt.Errorf("reading the backup: %w", err))
	case !found:
		return r.fail(ctx, restore, fmt.Errorf("backup %q has no contents in its location: %s is not there", restore.Spec.BackupName, backups.Contents.Key(plan.place, restore.Spec.BackupName)))
	}
	defer func() {
		if err := contents.Close(); err != nil {
			klog.FromContext(ctx).Error(err, "A temporary file is left open")
		}
	}()
	notes := record.New("restore", restore.Namespace+"/"+restore.Name)
	notes.Info("Restore begins", backups.OwnerKey, restore.UID, "backup", restore.Spec.BackupName)
	for _, warning := range plan.warnings {
		notes.DoubtfulAsWhole(warning)
	}
	asked := restore.DeepCopy() // which reports of progress do not write to
	volumes := newVolumes(&volumes{
		restore: asked, reader: r.live, backend: r.opts.Backend, record: notes, terminating: r.opts.TerminatingTimeout, ready: r.opts.ReadyTimeout,
	}, plan)
	defer volumes.close()
	run := newRun(&run{
		restore: asked, contents: contents, api: r.api, client: r.live, volumes: volumes, modifiers: plan.modifiers, policies: plan.policies, record: notes,
		terminating: r.opts.TerminatingTimeout, ready: r.opts.ReadyTimeout, progress: r.reporter(ctx, restore),
	})
	runErr := run.do(ctx)
	if ctx.Err() != nil {
		runErr = fmt.Errorf("the controller was stopped: %w", cmp.Or(runErr, ctx.Err()))
	}
	if runErr != nil {
		notes.Failed("", runErr)
	}
	return r.conclude(ctx, restore, plan, run, runErr)
}

// conclude stores how a restore went, even if the controller is to stop, and writes its final phase.
func (r *reconciler) conclude(ctx context.Context, restore *velerov1.Restore, plan *plan, run *run, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	count := run.count()
	stored := run.store(ctx, plan.store)
	if stored != nil {
		stored = fmt.Errorf("storing how the restore went: %w", stored)
		run.record.Failed("", stored)
	}
	outcome := run.record.Outcome()
	end := metav1.NewTime(r.now())
	return r.end(ctx, restore, func(s *velerov1.Restore) {
		s.Status.Phase = velerov1.RestorePhaseCompleted
		if outcome.Errors.Len() > 0 {
			s.Status.Phase = velerov1.RestorePhasePartiallyFailed
		}
		if cause != nil {
			s.Status.Phase = velerov1.RestorePhaseFailed
		}
		if why := errors.Join(cause, stored); why != nil { // which no results say
			s.Status.FailureReason = strings.ReplaceAll(why.Error(), "\n", "; ")
		}
		s.Status.CompletionTimestamp, s.Status.Errors, s.Status.Warnings = &end, outcome.Errors.Len(), outcome.Warnings.Len()
		s.Status.Progress = &velerov1.RestoreProgress{TotalItems: count, ItemsRestored: count}
	})
}

const (
	// storeTimeout is how long is spent on storing how a restore went, and endTimeout on writing its final phase, even if the
	// controller is to stop.
	storeTimeout = 20 * time.Second
	endTimeout   = 5 * time.Second
)

// fail ends a restore that could not be carried out.
func (r *reconciler) fail(ctx context.Context, restore *velerov1.Restore, cause error) error {
	end := metav1.NewTime(r.now())
	return r.end(ctx, restore, func(s *velerov1.Restore) {
		s.Status.Phase, s.Status.FailureReason, s.Status.CompletionTimestamp = velerov1.RestorePhaseFailed, cause.Error(), &end
	})
}

// end writes a final phase. If that fails, the restore is found again as one whose controller stopped.
func (r *reconciler) end(ctx context.Context, restore *velerov1.Restore, change func(*velerov1.Restore)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if err := mergepatch.Write(ctx, r.Writer, restore, change); err != nil {
		return err
	}
	r.opts.Metrics.RestoreEnds(restore)
	r.tellEnd(restore)
	return nil
}

// reporter returns a function that writes progress into the status, at most once a second. That it cannot be written does no harm.
func (r *reconciler) reporter(ctx context.Context, restore *velerov1.Restore) func(done, total int) {
	turn := make(chan time.Time, 1)
	turn <- r.now()
	return func(done, total int) {
		last := <-turn
		if now := r.now(); now.Sub(last) >= time.Second {
			last = now
			err := mergepatch.Write(ctx, r.Writer, restore, func(s *velerov1.Restore) {
				s.Status.Progress = &velerov1.RestoreProgress{TotalItems: total, ItemsRestored: done}
			})
			if err != nil {
				klog.FromContext(ctx).V(2).Info("Progress could not be written", "err", err)
			}
		}
		turn <- last
	}
}

// clear deletes the files of a restore that is being deleted, as long as its backup says where they are, and lets it go.
func (r *reconciler) clear(ctx context.Context, restore *velerov1.Restore) error {
	if !controllerutil.ContainsFinalizer(restore, finalizer) {
		return nil
	}
	if err := r.erase(ctx, restore); err != nil {
		return err
	}
	return mergepatch.Write(ctx, r.Writer, restore, func(s *velerov1.Restore) { controllerutil.RemoveFinalizer(s, finalizer) })
}

func (r *reconciler) erase(ctx context.Context, restore *velerov1.Restore) error {
	var backup velerov1.Backup
	var location velerov1.BackupStorageLocation
	if err := r.live.Get(ctx, types.NamespacedName{Namespace: restore.Namespace, Name: restore.Spec.BackupName}, &backup); err != nil {
		return client.IgnoreNotFound(err)
	}
	if err := r.live.Get(ctx, types.NamespacedName{Namespace: restore.Namespace, Name: backup.Spec.StorageLocation}, &location); err != nil {
		return client.IgnoreNotFound(err)
	}
	store, err := r.opts.Backend.Backups(ctx, &location)
	if err != nil {
		return fmt.Errorf("deleting the files of the restore: %w", err)
	}
	defer store.Close()
	return store.DeleteRestore(ctx, restore.Name)
}
