// Package verification is the controller that finds out whether backups can be restored, of which it has one read at a time: those that
// somebody asks for, and in the background the others, again and again.
package verification

import (
	"cmp"
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	events "k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/backend"
	"github.com/velero-locations/velero-locations/controllers/internal/index"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/controllers/internal/tell"
)

// Options says how backups are verified.
type Options struct {
	// Backend opens the storage of locations.
	Backend *backend.Backend
	// Period is how often each backup is verified. 0: only when somebody asks.
	Period time.Duration
	// Bandwidth is how many bytes are read in a second. 0: as many as there come.
	Bandwidth int64
	// Events gets one event when a backup is found to be broken, and one when it no longer is. It may be nil.
	Events events.EventRecorder
}

// retry is after how long a backup is looked at again that could not be verified, and a location that did not answer.
const retry = 15 * time.Minute

type reconciler struct {
	mergepatch.Writer

	live client.Reader // from the server, not from a cache
	opts Options
	now  func() time.Time
	// resting are locations that did not answer, until when they are left alone. Those who ask are answered all the same.
	resting map[types.NamespacedName]time.Time
}

// Setup adds the controller to a manager. It has one worker, and that has one thing to do: the next backup, whichever has changed.
func Setup(mgr manager.Manager, writer mergepatch.Writer, opts Options) error {
	r := &reconciler{Writer: writer, live: mgr.GetAPIReader(), opts: opts, now: time.Now, resting: map[types.NamespacedName]time.Time{}}
	next := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request { return []reconcile.Request{{}} })
	return builder.ControllerManagedBy(mgr).Named("verification").
		Watches(&velerov1.Backup{}, next, builder.WithPredicates(r.wakes())).Complete(r)
}

// wakes says which changes of backups bring something to do at once.
func (r *reconciler) wakes() predicate.Predicate {
	asked := func(object client.Object) bool {
		_, asked := object.GetAnnotations()[backups.VerifyAnnotation]
		return asked
	}
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return r.opts.Period > 0 || asked(e.Object) }, // all of them when the controller starts
		UpdateFunc: func(e event.UpdateEvent) bool {
			backup, is := e.ObjectNew.(*velerov1.Backup)
			return asked(e.ObjectNew) || r.opts.Period > 0 && is && verifiable(backup) && backups.VerifiedAt(backup).IsZero()
		},
		DeleteFunc: func(event.DeleteEvent) bool { return false },
	}
}

// verifiable says whether there is to be something in a backup.
func verifiable(backup *velerov1.Backup) bool {
	return backup.DeletionTimestamp == nil && backups.Restorable(backup.Status.Phase)
}

// Reconcile verifies the backup whose turn it is, and says when the next turn is. What was found out is on the backups, so that a
// controller that starts goes on where the last one was.
func (r *reconciler) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	backup, after, err := r.next(ctx)
	if err != nil || backup == nil {
		return reconcile.Result{RequeueAfter: after}, err
	}
	if err := r.verify(ctx, backup); err != nil {
		return reconcile.Result{}, fmt.Errorf("verifying backup %s: %w", klog.KObj(backup), err)
	}
	return reconcile.Result{RequeueAfter: time.Millisecond}, nil
}

// next returns the backup whose turn it is: one that somebody asks for, or else the one that was longest not verified, if it is due.
// Without any, it returns after how long there will be one; 0: that is not known.
func (r *reconciler) next(ctx context.Context) (*velerov1.Backup, time.Duration, error) {
	var list velerov1.BackupList // which is only read: the objects are the cache's
	if err := r.List(ctx, &list, index.BackupsAsked.Is(index.Asked), client.UnsafeDisableDeepCopy); err != nil {
		return nil, 0, fmt.Errorf("listing backups to verify: %w", err)
	}
	var first *velerov1.Backup
	for i := range list.Items {
		if b := &list.Items[i]; first == nil || b.Annotations[backups.VerifyAnnotation] < first.Annotations[backups.VerifyAnnotation] {
			first = b
		}
	}
	if first != nil || r.opts.Period == 0 {
		return first, 0, nil
	}
	list = velerov1.BackupList{}
	if err := r.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, 0, fmt.Errorf("listing backups: %w", err)
	}
	var due time.Time
	for i := range list.Items {
		if b := &list.Items[i]; verifiable(b) {
			if at := r.due(b); first == nil || at.Before(due) {
				first, due = b, at
			}
		}
	}
	if left := due.Sub(r.now()); first != nil && left > 0 {
		return nil, left, nil
	}
	return first, 0, nil
}

// due is when a backup is to be verified in the background.
func (r *reconciler) due(backup *velerov1.Backup) time.Time {
	due := backups.VerifiedAt(backup)
	switch {
	case due.IsZero():
	case backup.Annotations[backups.VerifiedAnnotation] == string(metav1.ConditionUnknown):
		due = due.Add(min(r.opts.Period, retry))
	default:
		due = due.Add(r.opts.Period)
	}
	if rested := r.resting[locationOf(backup)]; rested.After(due) {
		return rested
	}
	return due
}

func locationOf(backup *velerov1.Backup) types.NamespacedName {
	return types.NamespacedName{Namespace: backup.Namespace, Name: backup.Spec.StorageLocation}
}

// verify verifies a backup, and writes on it what was found out, unless it has gone meanwhile, or the controller is to stop.
func (r *reconciler) verify(ctx context.Context, cached *velerov1.Backup) error {
	backup := &velerov1.Backup{}
	if err := r.live.Get(ctx, client.ObjectKeyFromObject(cached), backup); err != nil {
		return client.IgnoreNotFound(err)
	}
	request := backup.Annotations[backups.VerifyAnnotation]
	report, err := r.examine(ctx, backup)
	if err != nil || ctx.Err() != nil {
		return cmp.Or(err, context.Cause(ctx))
	}
	now := &velerov1.Backup{}
	if err := r.live.Get(ctx, client.ObjectKeyFromObject(backup), now); err != nil || now.UID != backup.UID {
		return client.IgnoreNotFound(err)
	}
	if !verifiable(now) && report.Verified == metav1.ConditionFalse { // it is being deleted
		report = unverifiable(now, r.now())
	}
	before := now.Annotations[backups.VerifiedAnnotation]
	var encoding error
	err = mergepatch.Write(ctx, r.Writer, now, func(b *velerov1.Backup) { encoding = report.Annotate(b, request) })
	if err := cmp.Or(encoding, err); err != nil {
		return err
	}
	r.tell(now, before, report)
	klog.FromContext(ctx).V(2).Info("Backup verified", "backup", klog.KObj(now), "verified", report.Verified)
	return nil
}

// unverifiable is the report about a backup that has no contents to verify.
func unverifiable(backup *velerov1.Backup, at time.Time) *backups.Report {
	report := backups.NewReport(backup, at)
	phase := string(cmp.Or(backup.Status.Phase, velerov1.BackupPhaseNew))
	if backup.DeletionTimestamp != nil {
		phase = string(velerov1.BackupPhaseDeleting)
	}
	report.Add(backups.Unknown, fmt.Sprintf("backup %q", backup.Name), "there is nothing to verify: its phase is "+phase)
	return report
}

// tell tells, in an event, that a backup is found to be broken which was not, or no longer is.
func (r *reconciler) tell(backup *velerov1.Backup, before string, report *backups.Report) {
	broken := string(metav1.ConditionFalse)
	switch now := string(report.Verified); {
	case now == broken && before != broken:
		tell.Event(r.opts.Events, backup, corev1.EventTypeWarning, "Broken", "The backup is broken; "+report.Summary())
	case now == string(metav1.ConditionTrue) && before == broken:
		tell.Event(r.opts.Events, backup, corev1.EventTypeNormal, "Verified", "The backup is no longer broken; "+report.Summary())
	}
}
