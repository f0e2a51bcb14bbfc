package schedule

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/velero-locations/velero-locations/apis/velero/cronexpr"
	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/controllers/internal/index/indextest"
	"github.com/velero-locations/velero-locations/controllers/internal/mergepatch"
)

func at(clock string) time.Time {
	moment, err := time.Parse("2006-01-02 15:04:05", clock)
	if err != nil {
		panic(err)
	}
	return moment
}

func TestDue(t *testing.T) {
	for name, tc := range map[string]struct {
		expression, last, now string
		run, next             string // empty: none
	}{
		"not yet":                  {"0 3 * * *", "2026-11-21 03:00:00", "2026-11-22 02:59:59", "", "2026-11-22 03:00:00"},
		"now":                      {"0 3 * * *", "2026-11-21 03:00:00", "2026-11-22 03:00:00", "2026-11-22 03:00:00", "2026-11-23 03:00:00"},
		"the last of three missed": {"0 3 * * *", "2026-11-19 03:00:00", "2026-11-22 12:00:00", "2026-11-22 03:00:00", "2026-11-23 03:00:00"},
		"every":                    {"@every 1h", "2026-11-22 00:10:00", "2026-11-22 02:11:00", "2026-11-22 02:10:00", "2026-11-22 03:10:00"},
		"in another zone":          {"CRON_TZ=Asia/Tokyo 0 3 * * *", "2026-11-20 18:00:00", "2026-11-21 18:00:01", "2026-11-21 18:00:00", "2026-11-22 18:00:00"},
		"when clocks go forward":   {"CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28 01:30:00", "2026-03-30 12:00:00", "2026-03-30 00:30:00", "2026-03-31 00:30:00"},
		"@daily":                   {"@daily", "2026-11-21 00:00:00", "2026-11-22 00:00:01", "2026-11-22 00:00:00", "2026-11-23 00:00:00"},
		"never":                    {"0 0 30 2 *", "2026-11-21 00:00:00", "2026-11-22 00:00:01", "", ""},
		"more than can be counted": {"@every 1s", "2020-01-01 00:00:00", "2026-11-22 00:00:01", "2026-11-22 00:00:01", "2026-11-22 00:00:02"},
	} {
		when, err := cronexpr.Parse(tc.expression)
		if err != nil {
			t.Fatal(err)
		}
		run, next := due(when, at(tc.last), at(tc.now))
		for what, pair := range map[string][2]string{"due": {format(run), tc.run}, "next": {format(next), tc.next}} {
			if pair[0] != pair[1] {
				t.Errorf("%s: %s is %q, want %q", name, what, pair[0], pair[1])
			}
		}
	}
}

func format(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// harness is a reconciler of one schedule that was created at midnight.
type harness struct {
	reconciler
	clock time.Time
}

func newHarness(t *testing.T, schedule *velerov1.Schedule, funcs interceptor.Funcs, others ...client.Object) *harness {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := velerov1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	schedule.Namespace, schedule.Name, schedule.UID = "velero", "nightly", "uid"
	schedule.CreationTimestamp = metav1.NewTime(at("2026-11-21 00:00:00"))
	h := &harness{}
	h.reconciler = reconciler{
		Writer: mergepatch.Writer{Client: indextest.Fake(scheme).WithObjects(append(others, schedule)...).WithInterceptorFuncs(funcs).Build()},
		now:    func() time.Time { return h.clock },
	}
	return h
}

func (h *harness) at(t *testing.T, clock string) (reconcile.Result, *velerov1.Schedule, []velerov1.Backup) {
	t.Helper()
	h.clock = at(clock)
	name := types.NamespacedName{Namespace: "velero", Name: "nightly"}
	result, err := h.Reconcile(t.Context(), reconcile.Request{NamespacedName: name})
	if err != nil {
		t.Fatal(err)
	}
	schedule, list := &velerov1.Schedule{}, velerov1.BackupList{}
	if err := h.Get(t.Context(), name, schedule); err != nil {
		t.Fatal(err)
	}
	if err := h.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	return result, schedule, list.Items
}

func nightly(change ...func(*velerov1.Schedule)) *velerov1.Schedule {
	schedule := &velerov1.Schedule{Spec: velerov1.ScheduleSpec{Schedule: "0 3 * * *"}}
	for _, change := range change {
		change(schedule)
	}
	return schedule
}

func TestRuns(t *testing.T) {
	yes := true
	h := newHarness(t, nightly(func(s *velerov1.Schedule) {
		s.Labels, s.Annotations = map[string]string{"team": "a"}, map[string]string{"note": "n", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
		s.Spec.Template.StorageLocation, s.Spec.UseOwnerReferencesInBackup = "primary", &yes
	}), interceptor.Funcs{})

	result, schedule, made := h.at(t, "2026-11-21 02:00:00")
	if len(made) > 0 || result.RequeueAfter != time.Hour || schedule.Status.Phase != velerov1.SchedulePhaseEnabled {
		t.Fatalf("too early: got %v, %+v, %d backups", result, schedule.Status, len(made))
	}
	result, schedule, made = h.at(t, "2026-11-21 03:00:05")
	if len(made) != 1 || result.RequeueAfter != 24*time.Hour-5*time.Second || format(schedule.Status.LastBackup.Time) != "2026-11-21 03:00:00" {
		t.Fatalf("in time: got %v, %+v, %d backups", result, schedule.Status, len(made))
	}
	backup := made[0]
	if backup.Name != "nightly-20261121030000" || backup.Labels["team"] != "a" || backup.Labels["velero.io/schedule-name"] != "nightly" ||
		backup.Annotations["note"] != "n" || len(backup.Annotations) != 1 || backup.Spec.StorageLocation != "primary" ||
		backup.OwnerReferences[0].UID != "uid" || backup.OwnerReferences[0].Kind != "Schedule" {
		t.Errorf("got backup %+v", backup)
	}
	if _, _, made = h.at(t, "2026-11-21 03:00:06"); len(made) != 1 {
		t.Errorf("a second later there are %d backups", len(made))
	}
}

// TestRunsOnce shows that a controller that stops between making a backup and noting it makes no other.
func TestRunsOnce(t *testing.T) {
	stopped := true
	h := newHarness(t, nightly(func(s *velerov1.Schedule) { s.Status.Phase = velerov1.SchedulePhaseEnabled }), interceptor.Funcs{
		Patch: func(ctx context.Context, c client.WithWatch, obj client.Object, patch client.Patch, opts ...client.PatchOption) error {
			if stopped {
				return context.Canceled
			}
			return c.Patch(ctx, obj, patch, opts...)
		},
	})
	h.clock = at("2026-11-21 03:00:05")
	if _, err := h.Reconcile(t.Context(), reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "velero", Name: "nightly"}}); err == nil {
		t.Fatal("got no error")
	}
	stopped = false
	var list velerov1.BackupList
	if err := h.List(t.Context(), &list); err != nil || len(list.Items) != 1 {
		t.Fatalf("got %d backups, %v", len(list.Items), err)
	}
	done := list.Items[0]
	done.Status.Phase = velerov1.BackupPhaseCompleted
	if err := h.Update(t.Context(), &done); err != nil {
		t.Fatal(err)
	}
	_, schedule, made := h.at(t, "2026-11-21 03:10:00")
	if len(made) != 1 || format(schedule.Status.LastBackup.Time) != "2026-11-21 03:00:00" {
		t.Errorf("got %d backups, %+v", len(made), schedule.Status)
	}
}

// TestWaits shows that no backup is made while another of the schedule has not ended.
func TestWaits(t *testing.T) {
	running := &velerov1.Backup{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "b", Labels: map[string]string{"velero.io/schedule-name": "nightly"}},
		Status:     velerov1.BackupStatus{Phase: velerov1.BackupPhaseInProgress},
	}
	h := newHarness(t, nightly(), interceptor.Funcs{}, running)
	result, _, made := h.at(t, "2026-11-21 03:00:05")
	if len(made) != 1 || result.RequeueAfter != again {
		t.Errorf("got %v, %d backups", result, len(made))
	}
}

func TestPaused(t *testing.T) {
	h := newHarness(t, nightly(func(s *velerov1.Schedule) { s.Spec.Paused = true }), interceptor.Funcs{})
	result, schedule, made := h.at(t, "2026-11-22 12:00:00")
	if len(made) > 0 || result.RequeueAfter != 0 || schedule.Status.Phase != velerov1.SchedulePhaseEnabled {
		t.Errorf("got %v, %+v, %d backups", result, schedule.Status, len(made))
	}
}

func TestSkipsImmediately(t *testing.T) {
	yes := true
	h := newHarness(t, nightly(func(s *velerov1.Schedule) { s.Spec.SkipImmediately = &yes }), interceptor.Funcs{})
	result, schedule, made := h.at(t, "2026-11-21 12:00:00")
	if len(made) > 0 || result.RequeueAfter != 15*time.Hour || *schedule.Spec.SkipImmediately || format(schedule.Status.LastSkipped.Time) != "2026-11-21 12:00:00" {
		t.Errorf("got %v, %+v, %d backups", result, schedule, len(made))
	}
}

func TestWrongExpression(t *testing.T) {
	h := newHarness(t, nightly(func(s *velerov1.Schedule) { s.Spec.Schedule = "every night" }), interceptor.Funcs{})
	_, schedule, _ := h.at(t, "2026-11-21 12:00:00")
	if schedule.Status.Phase != velerov1.SchedulePhaseFailedValidation || !slices.ContainsFunc(schedule.Status.ValidationErrors, func(e string) bool {
		return strings.HasPrefix(e, "spec.schedule: ")
	}) {
		t.Errorf("got %+v", schedule.Status)
	}
}
