// Package schedule is the controller that makes the Backups of Schedules when they are due.
package schedule

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/velero-locations/velero-locations/apis/velero"
	"github.com/velero-locations/velero-locations/apis/velero/cronexpr"
	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/index"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
	"github.com/velero-locations/velero-locations/locations"
)

// again is after how long a run is tried again that has to wait for the one before it.
const again = 10 * time.Second

// reconciler makes the backups of one schedule at a time.
type reconciler struct {
	mergepatch.Writer

	now func() time.Time
}

// Setup adds the controller to a manager.
func Setup(mgr manager.Manager, writer mergepatch.Writer) error {
	return builder.ControllerManagedBy(mgr).Named("schedule").For(&velerov1.Schedule{}).
		Complete(&reconciler{Writer: writer, now: time.Now})
}

// Reconcile checks a schedule's cron expression, skips what is to be skipped, makes the backup that is due, and comes back
// when the next one is. A paused schedule is only checked.
func (r *reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	schedule := &velerov1.Schedule{}
	if err := r.Get(ctx, req.NamespacedName, schedule); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	if schedule.DeletionTimestamp != nil {
		return reconcile.Result{}, nil
	}
	when, err := cronexpr.Parse(schedule.Spec.Schedule)
	if err != nil {
		return reconcile.Result{}, mergepatch.Write(ctx, r.Writer, schedule, func(s *velerov1.Schedule) {
			s.Status.Phase, s.Status.ValidationErrors = velerov1.SchedulePhaseFailedValidation, []string{"spec.schedule: " + err.Error()}
		})
	}
	if err := mergepatch.Write(ctx, r.Writer, schedule, r.enable); err != nil || schedule.Spec.Paused {
		return reconcile.Result{}, err
	}
	run, next := due(when, backups.LastRun(schedule), r.now())
	if !run.IsZero() {
		busy, err := r.busy(ctx, schedule)
		if err != nil {
			return reconcile.Result{}, err
		}
		if busy {
			return reconcile.Result{RequeueAfter: again}, nil
		}
		if err := r.run(ctx, schedule, run); err != nil {
			return reconcile.Result{}, err
		}
	}
	if next.IsZero() {
		return reconcile.Result{}, nil
	}
	return reconcile.Result{RequeueAfter: max(next.Sub(r.now()), time.Millisecond)}, nil
}

// enable notes that the schedule is good, and that what was to be skipped is.
func (r *reconciler) enable(s *velerov1.Schedule) {
	s.Status.Phase, s.Status.ValidationErrors = velerov1.SchedulePhaseEnabled, nil
	if skip := s.Spec.SkipImmediately; skip != nil && *skip {
		now := metav1.NewTime(r.now())
		s.Status.LastSkipped, s.Spec.SkipImmediately = &now, new(bool)
	}
}

// busy says whether a backup of the schedule has not ended yet. Two at once would back up the same.
func (r *reconciler) busy(ctx context.Context, schedule *velerov1.Schedule) (bool, error) {
	var list velerov1.BackupList
	err := r.List(ctx, &list, client.InNamespace(schedule.Namespace),
		index.BackupsAhead.Is(index.Ahead), client.MatchingLabels{velero.ScheduleNameLabel: locations.LabelValue(schedule.Name)})
	if err != nil {
		return false, fmt.Errorf("listing the backups of the schedule: %w", err)
	}
	return len(list.Items) > 0, nil
}

// run makes the backup of a run. Its name has the time of the run, so that a controller that stops before it has noted the
// run makes none a second time.
func (r *reconciler) run(ctx context.Context, schedule *velerov1.Schedule, at time.Time) error {
	if err := r.Create(ctx, backups.OfSchedule(schedule, at), client.FieldOwner(r.FieldOwner)); err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("making the backup of %s: %w", at.UTC().Format(time.RFC3339), err)
	}
	return mergepatch.Write(ctx, r.Writer, schedule, func(s *velerov1.Schedule) {
		last := metav1.NewTime(at)
		s.Status.LastBackup = &last
	})
}
