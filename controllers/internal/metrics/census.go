package metrics

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/velero-locations/velero-locations/apis/velero/cronexpr"
	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
)

// period is how often Backups and Schedules are counted.
const period = time.Minute

// Census sets the metrics that only all Backups and Schedules together give, with those from before a restart. A manager runs it.
type Census struct {
	// Reader has all Backups and Schedules.
	Reader client.Reader
	// Metrics get what was counted.
	Metrics *Metrics

	known map[string]bool      // schedules that have series
	due   map[string]time.Time // those that have a run to come
	kept  map[copies]bool      // where backups are, that have series
}

// Start counts until the context ends.
func (c *Census) Start(ctx context.Context) error {
	return counting(ctx, "Backups could not be counted for the metrics", c.take)
}

// counting counts again and again until the context ends. What fails is logged, and counted the next time.
func counting(ctx context.Context, failed string, count func(context.Context) error) error {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := count(ctx); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, failed)
		}
	}, period)
	return nil
}

// RestoreCensus counts Restores. A manager runs it.
type RestoreCensus struct {
	// Reader has all Restores.
	Reader client.Reader
	// Metrics get what was counted.
	Metrics *Metrics
}

// Start counts until the context ends.
func (c *RestoreCensus) Start(ctx context.Context) error {
	return counting(ctx, "Restores could not be counted for the metrics", func(ctx context.Context) error {
		var restores velerov1.RestoreList
		if err := c.Reader.List(ctx, &restores, client.UnsafeDisableDeepCopy); err != nil { // they are only counted
			return fmt.Errorf("listing restores: %w", err)
		}
		c.Metrics.restoreTotal.WithLabelValues().Set(float64(len(restores.Items)))
		return nil
	})
}

func (c *Census) take(ctx context.Context) error {
	var backups velerov1.BackupList
	if err := c.Reader.List(ctx, &backups, client.UnsafeDisableDeepCopy); err != nil { // they are only read
		return fmt.Errorf("listing backups: %w", err)
	}
	var schedules velerov1.ScheduleList
	if err := c.Reader.List(ctx, &schedules, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing schedules: %w", err)
	}
	c.count(backups.Items, schedules.Items)
	return nil
}

// count makes the series of schedules that are new, and of backups without one; drops those of schedules that are gone, also
// if backups of them are there; and sets what is found in the backups.
func (c *Census) count(backups []velerov1.Backup, schedules []velerov1.Schedule) {
	there := map[string]bool{"": true}
	for i := range schedules {
		there[locations.LabelValue(schedules[i].Name)] = true
	}
	ends := lastEnds(backups)
	c.countDue(schedules, ends)
	for schedule := range there {
		last := ends[schedule]
		if !c.known[schedule] {
			c.Metrics.begin(schedule, !last.failed)
		}
		if !last.success.IsZero() {
			c.Metrics.lastSuccess.WithLabelValues(schedule).Set(float64(last.success.Unix()))
		}
	}
	for schedule := range c.known {
		if !there[schedule] {
			c.Metrics.drop(schedule)
		}
	}
	c.known = there
	c.countCopies(backups, there)
	c.Metrics.backupTotal.WithLabelValues().Set(float64(len(backups)))
}

// countDue tells which run of each schedule is the first without a Completed backup. One that is paused, or never comes, has none. Of
// schedules with one name in several namespaces, that of the earliest counts.
func (c *Census) countDue(schedules []velerov1.Schedule, ends map[string]ends) {
	due := map[string]time.Time{}
	for i := range schedules {
		s := &schedules[i]
		when, err := cronexpr.Parse(s.Spec.Schedule)
		if err != nil || s.Spec.Paused {
			continue
		}
		name := locations.LabelValue(s.Name)
		last := s.CreationTimestamp.Time
		if success := ends[name].success; success.After(last) {
			last = success
		}
		if skipped := s.Status.LastSkipped; skipped != nil && skipped.After(last) {
			last = skipped.Time
		}
		if next := when.Next(last); !next.IsZero() && (due[name].IsZero() || next.Before(due[name])) {
			due[name] = next
		}
	}
	for name := range c.due {
		if due[name].IsZero() {
			c.Metrics.scheduleDue.DeleteLabelValues(name)
		}
	}
	for name, at := range due {
		c.Metrics.scheduleDue.WithLabelValues(name).Set(float64(at.Unix()))
	}
	c.due = due
}

// copies are the backups of a schedule in one location.
type copies struct{ schedule, location string }

// countCopies tells when the last backup of each schedule in each location succeeded, as far as Backups say.
func (c *Census) countCopies(backups []velerov1.Backup, schedules map[string]bool) {
	last := map[copies]time.Time{}
	for i := range backups {
		b := &backups[i]
		of := copies{scheduleOf(b), b.Spec.StorageLocation}
		if schedules[of.schedule] && b.Status.Phase == velerov1.BackupPhaseCompleted && endOf(b).After(last[of]) {
			last[of] = endOf(b)
		}
	}
	for of := range c.kept {
		if last[of].IsZero() {
			c.Metrics.lastSuccessAt.DeleteLabelValues(of.schedule, of.location)
		}
	}
	c.kept = map[copies]bool{}
	for of, at := range last {
		c.Metrics.lastSuccessAt.WithLabelValues(of.schedule, of.location).Set(float64(at.Unix()))
		c.kept[of] = true
	}
}

// ends is how the last backups of a schedule ended.
type ends struct {
	success time.Time // when the last one ended that is Completed
	last    time.Time // when the last one ended
	failed  bool      // that one did not succeed
}

func lastEnds(backups []velerov1.Backup) map[string]ends {
	all := map[string]ends{}
	for i := range backups {
		b := &backups[i]
		succeeded := b.Status.Phase == velerov1.BackupPhaseCompleted
		switch b.Status.Phase {
		case velerov1.BackupPhaseCompleted, velerov1.BackupPhasePartiallyFailed, velerov1.BackupPhaseFailed, velerov1.BackupPhaseFailedValidation:
		default:
			continue
		}
		of, at := all[scheduleOf(b)], endOf(b)
		if at.After(of.last) {
			of.last, of.failed = at, !succeeded
		}
		if succeeded && at.After(of.success) {
			of.success = at
		}
		all[scheduleOf(b)] = of
	}
	return all
}
