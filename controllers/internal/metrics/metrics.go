// Package metrics tells Prometheus what the controllers do, by the names and labels of Velero's server, so that dashboards and
// alerts which are made for that server work here. What no controller does has no metric.
package metrics

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/velero-locations/velero-locations/apis/velero"
	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations"
)

const (
	namespace     = "velero"
	scheduleLabel = "schedule" // empty: backups that were asked for by hand
	locationLabel = "backup_location_name"
	// ours begins the names of metrics that Velero's server does not have.
	ours = "locations_"
)

// Metrics count events as they happen. All methods may be called concurrently.
type Metrics struct {
	backupAttempts, backupSuccesses, backupPartialFailures    *prometheus.CounterVec
	backupFailures, backupValidationFailures, backupWarnings  *prometheus.CounterVec
	deletionAttempts, deletionSuccesses, deletionFailures     *prometheus.CounterVec
	snapshotAttempts, snapshotSuccesses, snapshotFailures     *prometheus.CounterVec
	restoreAttempts, restoreSuccesses, restorePartialFailures *prometheus.CounterVec
	restoreFailures, restoreValidationFailures                *prometheus.CounterVec

	tarballSize, lastSuccess, lastStatus, itemsTotal, itemsErrors                 *prometheus.GaugeVec
	backupTotal, restoreTotal, locationStatus                                     *prometheus.GaugeVec
	lastSuccessAt, scheduleDue, snapshotLocationStatus, verified, verificationDue *prometheus.GaugeVec

	backupDuration *prometheus.HistogramVec

	counters []*prometheus.CounterVec
	all      []vector
}

// vector is what all kinds of metrics have in common.
type vector interface {
	prometheus.Collector
	DeletePartialMatch(prometheus.Labels) int
}

var _ prometheus.Collector = (*Metrics)(nil)

// New returns metrics without any series.
func New() *Metrics {
	var m Metrics
	// late counters have no series of a schedule before anything of it happened.
	late := func(name, help string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, []string{scheduleLabel})
		m.all = append(m.all, c)
		return c
	}
	counter := func(name, help string) *prometheus.CounterVec {
		c := late(name, help)
		m.counters = append(m.counters, c)
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
		m.all = append(m.all, g)
		return g
	}

	m.backupAttempts = counter("backup_attempt_total", "Backups that began.")
	m.backupSuccesses = counter("backup_success_total", "Backups that ended as Completed.")
	m.backupPartialFailures = counter("backup_partial_failure_total", "Backups that ended as PartiallyFailed.")
	m.backupFailures = counter("backup_failure_total", "Backups that ended as Failed.")
	m.backupValidationFailures = counter("backup_validation_failure_total", "Backups that ended as FailedValidation, before they began.")
	m.backupWarnings = counter("backup_warning_total", "Backups that ended as Completed or PartiallyFailed with warnings.")
	m.deletionAttempts = counter("backup_deletion_attempt_total", "Deletions of backups that began.")
	m.deletionSuccesses = counter("backup_deletion_success_total", "Deletions of backups after which nothing was left.")
	m.deletionFailures = counter("backup_deletion_failure_total", "Deletions of backups that something was in the way of.")
	m.snapshotAttempts = counter("volume_snapshot_attempt_total", "Snapshots of volumes that were asked for.")
	m.snapshotSuccesses = counter("volume_snapshot_success_total", "Snapshots of volumes that were taken.")
	m.snapshotFailures = counter("volume_snapshot_failure_total", "Snapshots of volumes that could not be taken.")

	m.restoreAttempts = late("restore_attempt_total", "Restores that began.")
	m.restoreSuccesses = late("restore_success_total", "Restores that ended as Completed.")
	m.restorePartialFailures = late("restore_partial_failure_total", "Restores that ended as PartiallyFailed.")
	m.restoreFailures = late("restore_failed_total", "Restores that ended as Failed.")
	m.restoreValidationFailures = late("restore_validation_failed_total", "Restores that ended as FailedValidation, before they began.")

	m.tarballSize = gauge("backup_tarball_size_bytes", "Size of the last tarball that was stored.", scheduleLabel)
	m.lastSuccess = gauge("backup_last_successful_timestamp", "When the last Completed backup ended, in seconds since 1970.", scheduleLabel)
	m.lastStatus = gauge("backup_last_status", "Whether the last backup that ended was Completed (1) or not (0).", scheduleLabel)
	m.itemsTotal = gauge("backup_items_total", "Objects in the last Completed or PartiallyFailed backup.", scheduleLabel)
	m.itemsErrors = gauge("backup_items_errors", "Errors of the last Completed or PartiallyFailed backup.", scheduleLabel)
	m.backupTotal = gauge("backup_total", "Number of Backups.") // a vector, so that there is none until they were counted
	m.restoreTotal = gauge("restore_total", "Number of Restores.")
	m.locationStatus = gauge("backup_location_status_gauge", "Whether a backup storage location is Available (1) or Unavailable (0).", locationLabel)
	m.lastSuccessAt = gauge(ours+"backup_last_successful_timestamp_seconds", "When the last Completed backup in a location ended, in seconds since 1970.", scheduleLabel, locationLabel)
	m.scheduleDue = gauge(ours+"schedule_due_timestamp_seconds", "When the first run of a schedule after its last Completed backup is due, or was, in seconds since 1970.", scheduleLabel)
	m.snapshotLocationStatus = gauge(ours+"snapshot_location_status", "Whether a volume snapshot location is Available (1) or Unavailable (0).", "snapshot_location_name")

	m.verified = gauge(ours+"backup_verified", "Backups by what their last verification found out: verified, broken, unknown or never.", scheduleLabel, locationLabel, "result")
	m.verificationDue = gauge(ours+"backup_verification_due_timestamp_seconds", "When the first backup of a schedule in a location is due to be verified, or was, in seconds since 1970.", scheduleLabel, locationLabel)

	m.backupDuration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "backup_duration_seconds", Help: "How long Completed and PartiallyFailed backups took.",
		Buckets: seconds(time.Minute, 5*time.Minute, 10*time.Minute, 15*time.Minute, 30*time.Minute, time.Hour, 2*time.Hour, 3*time.Hour, 4*time.Hour),
	}, []string{scheduleLabel})
	m.all = append(m.all, m.backupDuration)
	return &m
}

func seconds(durations ...time.Duration) []float64 {
	var all []float64
	for _, d := range durations {
		all = append(all, d.Seconds())
	}
	return all
}

// Registered returns the metrics that a registry has, which are new ones if it has none yet: those who run the controllers
// several times in one process share them.
func Registered(registry prometheus.Registerer) (*Metrics, error) {
	m := New()
	err := registry.Register(m)
	var registered prometheus.AlreadyRegisteredError
	if errors.As(err, &registered) {
		if existing, is := registered.ExistingCollector.(*Metrics); is {
			return existing, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	return m, nil
}

// Describe is one half of a collector.
func (m *Metrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, v := range m.all {
		v.Describe(descriptions)
	}
}

// Collect is the other half.
func (m *Metrics) Collect(metrics chan<- prometheus.Metric) {
	for _, v := range m.all {
		v.Collect(metrics)
	}
}

// BackupBegins counts a backup that can be carried out.
func (m *Metrics) BackupBegins(b *velerov1.Backup) {
	m.backupAttempts.WithLabelValues(scheduleOf(b)).Inc()
}

// TarballStored reports how large the tarball of a backup is.
func (m *Metrics) TarballStored(b *velerov1.Backup, size int64) {
	m.tarballSize.WithLabelValues(scheduleOf(b)).Set(float64(size))
}

// SnapshotEnds counts a snapshot of a volume of a backup, which was taken if there is no error.
func (m *Metrics) SnapshotEnds(b *velerov1.Backup, err error) {
	end(scheduleOf(b), err != nil, m.snapshotSuccesses, m.snapshotFailures)
	m.snapshotAttempts.WithLabelValues(scheduleOf(b)).Inc()
}

// BackupEnds counts a backup by its final phase, and reports what its status says.
func (m *Metrics) BackupEnds(b *velerov1.Backup) {
	schedule, status := scheduleOf(b), &b.Status
	switch status.Phase {
	case velerov1.BackupPhaseCompleted:
		m.backupSuccesses.WithLabelValues(schedule).Inc()
	case velerov1.BackupPhasePartiallyFailed:
		m.backupPartialFailures.WithLabelValues(schedule).Inc()
	case velerov1.BackupPhaseFailed:
		m.backupFailures.WithLabelValues(schedule).Inc()
	case velerov1.BackupPhaseFailedValidation:
		m.backupValidationFailures.WithLabelValues(schedule).Inc()
	}
	succeeded := status.Phase == velerov1.BackupPhaseCompleted
	m.lastStatus.WithLabelValues(schedule).Set(number(succeeded))
	if !succeeded && status.Phase != velerov1.BackupPhasePartiallyFailed {
		return
	}
	if succeeded {
		m.lastSuccess.WithLabelValues(schedule).Set(float64(endOf(b).Unix()))
		m.lastSuccessAt.WithLabelValues(schedule, b.Spec.StorageLocation).Set(float64(endOf(b).Unix()))
	}
	if start := status.StartTimestamp; start != nil {
		m.backupDuration.WithLabelValues(schedule).Observe(endOf(b).Sub(start.Time).Seconds())
	}
	if progress := status.Progress; progress != nil {
		m.itemsTotal.WithLabelValues(schedule).Set(float64(progress.TotalItems))
	}
	m.itemsErrors.WithLabelValues(schedule).Set(float64(status.Errors))
	if status.Warnings > 0 {
		m.backupWarnings.WithLabelValues(schedule).Inc()
	}
}

// RestoreBegins counts a restore that can be carried out.
func (m *Metrics) RestoreBegins(r *velerov1.Restore) {
	m.restoreAttempts.WithLabelValues(restoredSchedule(r)).Inc()
}

// RestoreEnds counts a restore by its final phase.
func (m *Metrics) RestoreEnds(r *velerov1.Restore) {
	ends := map[velerov1.RestorePhase]*prometheus.CounterVec{
		velerov1.RestorePhaseCompleted: m.restoreSuccesses, velerov1.RestorePhasePartiallyFailed: m.restorePartialFailures,
		velerov1.RestorePhaseFailed: m.restoreFailures, velerov1.RestorePhaseFailedValidation: m.restoreValidationFailures,
	}
	if counter := ends[r.Status.Phase]; counter != nil {
		counter.WithLabelValues(restoredSchedule(r)).Inc()
	}
}

// DeletionBegins counts a deletion that can be carried out.
func (m *Metrics) DeletionBegins(b *velerov1.Backup) {
	m.deletionAttempts.WithLabelValues(scheduleOf(b)).Inc()
}

// DeletionEnds counts a deletion, which has left something if it failed.
func (m *Metrics) DeletionEnds(b *velerov1.Backup, failed bool) {
	end(scheduleOf(b), failed, m.deletionSuccesses, m.deletionFailures)
}

// Location reports the phase of a backup storage location. One without a phase is dropped.
func (m *Metrics) Location(name, phase string) {
	setStatus(m.locationStatus, name, phase == string(velerov1.BackupStorageLocationAvailable), phase)
}

// SnapshotLocation does so of a volume snapshot location.
func (m *Metrics) SnapshotLocation(name, phase string) {
	setStatus(m.snapshotLocationStatus, name, phase == string(velerov1.VolumeSnapshotLocationAvailable), phase)
}

func setStatus(status *prometheus.GaugeVec, name string, available bool, phase string) {
	if phase == "" {
		status.DeleteLabelValues(name)
		return
	}
	status.WithLabelValues(name).Set(number(available))
}

// begin makes the series of a schedule that can say something before anything has happened.
func (m *Metrics) begin(schedule string, succeeded bool) {
	for _, c := range m.counters {
		c.WithLabelValues(schedule)
	}
	m.itemsTotal.WithLabelValues(schedule)
	m.itemsErrors.WithLabelValues(schedule)
	m.lastStatus.WithLabelValues(schedule).Set(number(succeeded))
}

// drop takes the series of a schedule away.
func (m *Metrics) drop(schedule string) {
	for _, v := range m.all {
		v.DeletePartialMatch(prometheus.Labels{scheduleLabel: schedule})
	}
}

func end(schedule string, failed bool, successes, failures *prometheus.CounterVec) {
	if failed {
		successes = failures
	}
	successes.WithLabelValues(schedule).Inc()
}

// scheduleOf is the schedule of a backup, as its label has it.
func scheduleOf(b *velerov1.Backup) string { return b.Labels[velero.ScheduleNameLabel] }

// restoredSchedule is the schedule of the backup that is restored, as its label has it.
func restoredSchedule(r *velerov1.Restore) string { return locations.LabelValue(r.Spec.ScheduleName) }

// endOf is when a backup ended. One that could not begin has only been created.
func endOf(b *velerov1.Backup) time.Time {
	if end := b.Status.CompletionTimestamp; end != nil {
		return end.Time
	}
	return b.CreationTimestamp.Time
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
