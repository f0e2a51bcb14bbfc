package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics/metricstest"
	"github.com/velero-locations/velero-locations/locations"
)

var began = metav1.NewTime(time.Unix(1000, 0))

func backupOf(schedule string, phase velerov1.BackupPhase, seconds int64) *velerov1.Backup {
	b := &velerov1.Backup{Status: velerov1.BackupStatus{Phase: phase, StartTimestamp: &began}}
	if schedule != "" {
		b.Labels = map[string]string{"velero.io/schedule-name": schedule}
	}
	if end := metav1.NewTime(began.Add(time.Duration(seconds) * time.Second)); phase != velerov1.BackupPhaseFailedValidation {
		b.Status.CompletionTimestamp = &end
	} else {
		b.CreationTimestamp = end
	}
	return b
}

var restoreEnds = []velerov1.RestorePhase{
	velerov1.RestorePhaseCompleted, velerov1.RestorePhasePartiallyFailed, velerov1.RestorePhaseFailed, velerov1.RestorePhaseFailedValidation,
}

func restoreOf(phase velerov1.RestorePhase) *velerov1.Restore {
	return &velerov1.Restore{Spec: velerov1.RestoreSpec{ScheduleName: "nightly"}, Status: velerov1.RestoreStatus{Phase: phase}}
}

// TestEvents shows what each event changes, and that nothing else changes.
func TestEvents(t *testing.T) {
	nightly := func(phase velerov1.BackupPhase, change ...func(*velerov1.BackupStatus)) *velerov1.Backup {
		b := backupOf("nightly", phase, 90)
		for _, change := range change {
			change(&b.Status)
		}
		return b
	}
	const of = `{schedule="nightly"} `
	for name, tc := range map[string]struct {
		event func(*Metrics)
		want  []string
	}{
		"nothing": {event: func(*Metrics) {}},
		"a backup begins": {
			event: func(m *Metrics) { m.BackupBegins(nightly(velerov1.BackupPhaseInProgress)) },
			want:  []string{"backup_attempt_total" + of + "1"},
		},
		"one by hand": {
			event: func(m *Metrics) { m.BackupBegins(backupOf("", velerov1.BackupPhaseInProgress, 0)) },
			want:  []string{`backup_attempt_total{schedule=""} 1`},
		},
		"a restore begins": {
			event: func(m *Metrics) { m.RestoreBegins(restoreOf(velerov1.RestorePhaseInProgress)) },
			want:  []string{"restore_attempt_total" + of + "1"},
		},
		"restores end": {
			event: func(m *Metrics) {
				for _, phase := range restoreEnds {
					m.RestoreEnds(restoreOf(phase))
				}
			},
			want: []string{"restore_failed_total" + of + "1", "restore_partial_failure_total" + of + "1", "restore_success_total" + of + "1", "restore_validation_failed_total" + of + "1"},
		},
		"it is stored": {
			event: func(m *Metrics) { m.TarballStored(nightly(velerov1.BackupPhaseInProgress), 4096) },
			want:  []string{"backup_tarball_size_bytes" + of + "4096"},
		},
		"it is completed": {
			event: func(m *Metrics) {
				m.BackupEnds(nightly(velerov1.BackupPhaseCompleted, func(s *velerov1.BackupStatus) { s.Progress = &velerov1.BackupProgress{TotalItems: 7} }))
			},
			want: []string{
				"backup_duration_seconds_sum" + of + "90", "backup_duration_seconds_count" + of + "1", "backup_items_errors" + of + "0", "backup_items_total" + of + "7",
				"backup_last_status" + of + "1", "backup_last_successful_timestamp" + of + "1090", "backup_success_total" + of + "1",
				`locations_backup_last_successful_timestamp_seconds{backup_location_name="",schedule="nightly"} 1090`,
			},
		},
		"in part, with warnings": {
			event: func(m *Metrics) {
				m.BackupEnds(nightly(velerov1.BackupPhasePartiallyFailed, func(s *velerov1.BackupStatus) { s.Errors, s.Warnings = 2, 3 }))
			},
			want: []string{
				"backup_duration_seconds_sum" + of + "90", "backup_duration_seconds_count" + of + "1", "backup_items_errors" + of + "2",
				"backup_last_status" + of + "0", "backup_partial_failure_total" + of + "1", "backup_warning_total" + of + "1",
			},
		},
		"it fails": {
			event: func(m *Metrics) { m.BackupEnds(nightly(velerov1.BackupPhaseFailed)) },
			want:  []string{"backup_failure_total" + of + "1", "backup_last_status" + of + "0"},
		},
		"it cannot begin": {
			event: func(m *Metrics) { m.BackupEnds(nightly(velerov1.BackupPhaseFailedValidation)) },
			want:  []string{"backup_last_status" + of + "0", "backup_validation_failure_total" + of + "1"},
		},
		"snapshots": {
			event: func(m *Metrics) {
				m.SnapshotEnds(nightly(velerov1.BackupPhaseInProgress), nil)
				m.SnapshotEnds(nightly(velerov1.BackupPhaseInProgress), errors.New("not taken"))
				m.SnapshotEnds(nightly(velerov1.BackupPhaseInProgress), nil)
			},
			want: []string{"volume_snapshot_attempt_total" + of + "3", "volume_snapshot_failure_total" + of + "1", "volume_snapshot_success_total" + of + "2"},
		},
		"deletions": {
			event: func(m *Metrics) {
				for _, failed := range []bool{true, true, false} {
					m.DeletionBegins(nightly(velerov1.BackupPhaseDeleting))
					m.DeletionEnds(nightly(velerov1.BackupPhaseDeleting), failed)
				}
			},
			want: []string{"backup_deletion_attempt_total" + of + "3", "backup_deletion_failure_total" + of + "2", "backup_deletion_success_total" + of + "1"},
		},
		"locations": {
			event: func(m *Metrics) {
				for _, name := range []string{"a", "b", "c"} {
					m.Location(name, "Available")
				}
				m.Location("b", "Unavailable")
				m.Location("c", "")
			},
			want: []string{`backup_location_status_gauge{backup_location_name="a"} 1`, `backup_location_status_gauge{backup_location_name="b"} 0`},
		},
		"snapshot locations": {
			event: func(m *Metrics) {
				for _, name := range []string{"a", "b", "c"} {
					m.SnapshotLocation(name, "Available")
				}
				m.SnapshotLocation("b", "Unavailable")
				m.SnapshotLocation("c", "")
			},
			want: []string{`locations_snapshot_location_status{snapshot_location_name="a"} 1`, `locations_snapshot_location_status{snapshot_location_name="b"} 0`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := New()
			tc.event(m)
			if got := metricstest.Scrape(t, m); !slices.Equal(got, tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

// TestCensus follows schedules and backups: what was before a restart, what comes, and what goes.
func TestCensus(t *testing.T) {
	const completed, failed, invalid = velerov1.BackupPhaseCompleted, velerov1.BackupPhaseFailed, velerov1.BackupPhaseFailedValidation
	schedules := func(names ...string) []velerov1.Schedule {
		var list []velerov1.Schedule
		for _, name := range names {
			list = append(list, velerov1.Schedule{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
		return list
	}
	var backups []velerov1.Backup
	for _, b := range []*velerov1.Backup{
		backupOf("", completed, 1),
		backupOf("nightly", completed, 20), backupOf("nightly", failed, 30), backupOf("nightly", completed, 10),
		backupOf("hourly", invalid, 10), backupOf("hourly", completed, 40), backupOf("hourly", velerov1.BackupPhaseInProgress, 50),
		backupOf("gone", completed, 20), // its schedule is not there
	} {
		backups = append(backups, *b)
	}
	m := New()
	c := &Census{Metrics: m}
	expect := func(what string, series int, want ...string) {
		t.Helper()
		got := metricstest.Scrape(t, m)
		for _, line := range want {
			if !slices.Contains(got, line) {
				t.Errorf("%s: there is no %s in\n%s", what, line, strings.Join(got, "\n"))
			}
		}
		if len(got) != series {
			t.Errorf("%s: there are %d series, want %d:\n%s", what, len(got), series, strings.Join(got, "\n"))
		}
	}
	const ofSchedule = 15 // without those that only a backup makes

	c.count(backups, schedules("nightly", "hourly", "new"))
	expect("after a restart", 1+4*ofSchedule+6, "backup_total 8", `backup_last_successful_timestamp{schedule=""} 1001`,
		`backup_last_successful_timestamp{schedule="nightly"} 1020`, `backup_last_status{schedule="nightly"} 0`,
		`backup_last_successful_timestamp{schedule="hourly"} 1040`, `backup_last_status{schedule="hourly"} 1`,
		`locations_backup_last_successful_timestamp_seconds{backup_location_name="",schedule="nightly"} 1020`,
		`backup_last_status{schedule="new"} 1`, `backup_success_total{schedule="new"} 0`, `volume_snapshot_failure_total{schedule="new"} 0`)

	end := backupOf("new", failed, 60)
	m.BackupEnds(end)
	c.count(append(backups, *backupOf("hourly", completed, 70)), schedules("new", "hourly"))
	expect("later", 1+3*ofSchedule+4, "backup_total 9", `backup_last_status{schedule="new"} 0`, `backup_failure_total{schedule="new"} 1`,
		`backup_last_successful_timestamp{schedule="hourly"} 1070`)

	m.Location("new", "Available")
	c.count(nil, nil)
	expect("nothing is left", 1+ofSchedule+1+1, "backup_total 0", `backup_last_successful_timestamp{schedule=""} 1001`, `backup_location_status_gauge{backup_location_name="new"} 1`)
}

// TestDue follows the run that a schedule has no Completed backup for: the first after it was made, or after the last one.
func TestDue(t *testing.T) {
	weekly := velerov1.Schedule{ObjectMeta: metav1.ObjectMeta{Name: "weekly", CreationTimestamp: began}, Spec: velerov1.ScheduleSpec{Schedule: "@every 168h"}}
	other, paused, skipped, never, wrong := weekly, weekly, weekly, weekly, weekly
	other.Namespace, other.Spec.Schedule = "other", "@every 200h"
	paused.Spec.Paused = true
	later := metav1.NewTime(began.Add(time.Hour))
	skipped.Status.LastSkipped = &later
	never.Spec.Schedule, wrong.Spec.Schedule = "0 0 30 2 *", "weekly"
	const week = 7 * 24 * 3600
	m := New()
	c := &Census{Metrics: m}
	for i, step := range []struct {
		schedule velerov1.Schedule
		backups  []velerov1.Backup
		want     int64 // after it began; 0: no series
	}{
		{weekly, nil, week},
		{weekly, []velerov1.Backup{*backupOf("weekly", velerov1.BackupPhaseFailed, 30)}, week},
		{weekly, []velerov1.Backup{*backupOf("weekly", velerov1.BackupPhaseCompleted, 30)}, week + 30},
		{other, nil, week}, // beside the one that is always there
		{skipped, nil, week + 3600},
		{paused, nil, 0},
		{never, nil, 0},
		{wrong, nil, 0},
	} {
		schedules := []velerov1.Schedule{step.schedule}
		if step.schedule.Namespace != "" {
			schedules = append(schedules, weekly)
		}
		c.count(step.backups, schedules)
		due := fmt.Sprintf(`locations_schedule_due_timestamp_seconds{schedule="weekly"} %v`, float64(began.Unix()+step.want))
		got := slices.DeleteFunc(metricstest.Scrape(t, m), func(line string) bool { return !strings.Contains(line, "due") })
		if step.want != 0 && !slices.Equal(got, []string{due}) || step.want == 0 && len(got) > 0 {
			t.Errorf("step %d: got %q, want %d after it began", i, got, step.want)
		}
	}
}

// TestCensusReads shows that what the API has is counted at once.
func TestCensusReads(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := velerov1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	schedule := &velerov1.Schedule{ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: strings.Repeat("long", 16)}}
	b := backupOf(locations.LabelValue(schedule.Name), velerov1.BackupPhasePartiallyFailed, 1)
	b.Namespace, b.Name = "velero", "b"
	c := &Census{Metrics: New(), Reader: fake.NewClientBuilder().WithScheme(scheme).WithObjects(schedule, b).Build()}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Start(ctx) }()
	want := []string{"backup_total 1", `backup_last_status{schedule=""} 1`, fmt.Sprintf(`backup_last_status{schedule=%q} 0`, locations.LabelValue(schedule.Name))}
	err := wait.PollUntilContextTimeout(ctx, time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		got := metricstest.Scrape(t, c.Metrics)
		return !slices.ContainsFunc(want, func(line string) bool { return !slices.Contains(got, line) }), nil
	})
	if err != nil {
		t.Errorf("got %q: %v", metricstest.Scrape(t, c.Metrics), err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestRegistered shows that those who come later share the metrics of the first, and that a registry which has other metrics
// of their names is an error.
func TestRegistered(t *testing.T) {
	registry := prometheus.NewRegistry()
	first, err := Registered(registry)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := Registered(registry); err != nil || second != first {
		t.Errorf("got %p, %v; want %p", second, err, first)
	}
	registry = prometheus.NewRegistry()
	registry.MustRegister(New().backupDuration)
	if _, err := Registered(registry); err == nil || !strings.Contains(err.Error(), "registering metrics") {
		t.Errorf("got error %v", err)
	}
}

// TestLint holds the names against Prometheus' rules. The exceptions are names that Velero chose.
func TestLint(t *testing.T) {
	want := []string{
		`velero_backup_items_total: non-counter metrics should not have "_total" suffix`,
		`velero_backup_location_status_gauge: metric name should not include type 'gauge'`,
		`velero_backup_total: non-counter metrics should not have "_total" suffix`,
		`velero_restore_total: non-counter metrics should not have "_total" suffix`,
	}
	m := New()
	(&Census{Metrics: m}).count([]velerov1.Backup{*backupOf("", velerov1.BackupPhaseCompleted, 1)}, []velerov1.Schedule{{Spec: velerov1.ScheduleSpec{Schedule: "@daily"}}})
	(&Verifications{Metrics: m, Period: time.Hour}).count([]velerov1.Backup{*backupOf("", velerov1.BackupPhaseCompleted, 1)})
	m.BackupEnds(backupOf("", velerov1.BackupPhaseCompleted, 1))
	m.RestoreBegins(restoreOf(velerov1.RestorePhaseInProgress))
	for _, phase := range restoreEnds {
		m.RestoreEnds(restoreOf(phase))
	}
	m.restoreTotal.WithLabelValues().Set(1)
	m.TarballStored(&velerov1.Backup{}, 1)
	m.Location("a", "Available")
	m.SnapshotLocation("a", "Available")
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	families, err := registry.Gather()
	if err != nil || len(families) != len(m.all) {
		t.Fatalf("got %d families, %v; want %d", len(families), err, len(m.all))
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, problem := range problems {
		got = append(got, problem.Metric+": "+problem.Text)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
