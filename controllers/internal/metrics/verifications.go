package metrics

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
)

// Verifications counts backups by what their last verification found out, with those from before a restart. A manager runs it.
type Verifications struct {
	// Reader has all Backups.
	Reader client.Reader
	// Metrics get what was counted.
	Metrics *Metrics
	// Period is how often each backup is verified in the background. 0: none is, and none is due.
	Period time.Duration

	known map[verified]bool // that have series
}

// verified are the backups of a schedule in one location of which the same was found out.
type verified struct{ schedule, location, result string }

// results are what the metric calls what stands on a backup.
var results = map[string]string{
	"": "never", string(metav1.ConditionTrue): "verified", string(metav1.ConditionFalse): "broken", string(metav1.ConditionUnknown): "unknown",
}

// Start counts until the context ends.
func (v *Verifications) Start(ctx context.Context) error {
	return counting(ctx, "Verified backups could not be counted for the metrics", v.take)
}

func (v *Verifications) take(ctx context.Context) error {
	var list velerov1.BackupList
	if err := v.Reader.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil { // they are only read
		return fmt.Errorf("listing backups: %w", err)
	}
	v.count(list.Items)
	return nil
}

// count sets the series of what there is. A schedule and location with any backup that can be restored has all results, so that a
// backup which breaks is an increase from 0.
func (v *Verifications) count(all []velerov1.Backup) {
	counts, due := map[verified]int{}, map[verified]time.Time{}
	for i := range all {
		b := &all[i]
		if !backups.Restorable(b.Status.Phase) {
			continue
		}
		for annotation, result := range results {
			of := verified{scheduleOf(b), b.Spec.StorageLocation, result}
			counts[of] += int(number(b.Annotations[backups.VerifiedAnnotation] == annotation))
		}
		at := backups.VerifiedAt(b)
		if at.IsZero() && b.Status.CompletionTimestamp != nil {
			at = b.Status.CompletionTimestamp.Time
		}
		of := verified{schedule: scheduleOf(b), location: b.Spec.StorageLocation}
		if first, found := due[of]; !found || at.Before(first) {
			due[of] = at
		}
	}
	v.Metrics.verificationDue.Reset()
	for of, at := range due {
		if v.Period > 0 {
			v.Metrics.verificationDue.WithLabelValues(of.schedule, of.location).Set(float64(at.Add(v.Period).Unix()))
		}
	}
	for of := range v.known {
		if _, there := counts[of]; !there {
			v.Metrics.verified.DeleteLabelValues(of.schedule, of.location, of.result)
		}
	}
	v.known = map[verified]bool{}
	for of, count := range counts {
		v.Metrics.verified.WithLabelValues(of.schedule, of.location, of.result).Set(float64(count))
		v.known[of] = true
	}
}
