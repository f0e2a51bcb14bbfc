package console

import (
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/apis/velero"
	v1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// TestSteps shows how far backups of all phases are on their way, and where they stopped.
func TestSteps(t *testing.T) {
	begun := metav1.Now()
	for name, tc := range map[string]struct {
		status v1.BackupStatus
		want   string
	}{
		"new":            {v1.BackupStatus{}, "done now ahead ahead ahead"},
		"queued":         {v1.BackupStatus{Phase: v1.BackupPhaseQueued, QueuePosition: 2}, "done now ahead ahead ahead"},
		"refused":        {v1.BackupStatus{Phase: v1.BackupPhaseFailedValidation, ValidationErrors: []string{"spec.ttl: negative"}}, "stopped ahead ahead ahead ahead"},
		"goes nowhere":   {v1.BackupStatus{Phase: v1.BackupPhaseFailedValidation, ValidationErrors: []string{"spec.storageLocation: not found"}}, "done stopped ahead ahead ahead"},
		"never began":    {v1.BackupStatus{Phase: v1.BackupPhaseFailed}, "done stopped ahead ahead ahead"},
		"runs":           {v1.BackupStatus{Phase: v1.BackupPhaseInProgress, Progress: &v1.BackupProgress{TotalItems: 3}}, "done done now ahead ahead"},
		"finalizing":     {v1.BackupStatus{Phase: v1.BackupPhaseFinalizing}, "done done done now ahead"},
		"failed midway":  {v1.BackupStatus{Phase: v1.BackupPhaseFailed, StartTimestamp: &begun, Progress: &v1.BackupProgress{TotalItems: 3}}, "done done stopped ahead ahead"},
		"failed at last": {v1.BackupStatus{Phase: v1.BackupPhaseFailed, StartTimestamp: &begun, Progress: &v1.BackupProgress{TotalItems: 3, ItemsBackedUp: 3}}, "done done done done stopped"},
		"complete":       {v1.BackupStatus{Phase: v1.BackupPhaseCompleted}, "done done done done done"},
		"lacks objects":  {v1.BackupStatus{Phase: v1.BackupPhasePartiallyFailed, Errors: 1}, "done done lacking done done"},
		"lacks a volume": {v1.BackupStatus{Phase: v1.BackupPhasePartiallyFailed, VolumeSnapshotsAttempted: 1}, "done done done lacking done"},
		"goes":           {v1.BackupStatus{Phase: v1.BackupPhaseDeleting}, "done done done done now"},
	} {
		if described := describe(&v1.Backup{Status: tc.status}, world{}); described.Why == nil {
			t.Errorf("%s: the page gets null for why", name)
		}
		var states []string
		for _, step := range steps(&v1.Backup{Status: tc.status}, world{}) {
			states = append(states, step.State)
		}
		if got := strings.Join(states, " "); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestDestination shows why a backup goes where it goes, as far as that can be known.
func TestDestination(t *testing.T) {
	location := func(isDefault bool) map[string]*v1.BackupStorageLocation {
		return map[string]*v1.BackupStorageLocation{"ns/east": {Spec: v1.BackupStorageLocationSpec{Default: isDefault}}}
	}
	named := map[string]*v1.Schedule{"ns/nightly": {Spec: v1.ScheduleSpec{Template: v1.BackupSpec{StorageLocation: "east"}}}}
	for want, around := range map[string]world{
		"east: the default":                        {location(true), nil},
		"east: named in its spec, or the default":  {location(false), nil},
		"east: its schedule names it":              {location(true), named},
		"there is no such location now":            {nil, nil},
		"east: its schedule names it; there is no": {nil, named},
	} {
		b := &v1.Backup{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Labels: map[string]string{velero.ScheduleNameLabel: "nightly"}}}
		b.Spec.StorageLocation = "east"
		if got := destination(b, around); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestSchedules shows the last runs of a schedule, and the next.
func TestSchedules(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	last := metav1.NewTime(at.Add(-9 * time.Hour))
	var made []*v1.Backup
	for i := range 7 {
		made = append(made, &v1.Backup{ObjectMeta: metav1.ObjectMeta{
			Namespace: "ns", Name: strconv.Itoa(i), CreationTimestamp: metav1.NewTime(at.Add(time.Duration(i-9) * time.Hour)), Labels: map[string]string{velero.ScheduleNameLabel: "s"},
		}})
	}
	of := func(expression string, change func(*v1.Schedule)) *v1.Schedule {
		s := &v1.Schedule{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "s"}, Spec: v1.ScheduleSpec{Schedule: expression}, Status: v1.ScheduleStatus{LastBackup: &last}}
		change(s)
		return s
	}
	for name, tc := range map[string]struct {
		schedule *v1.Schedule
		next     string
		count    int
	}{
		"daily":    {of("0 3 * * *", func(*v1.Schedule) {}), "2026-11-23T03:00:00Z", 5},
		"due":      {of("@every 1h", func(*v1.Schedule) {}), "2026-11-22T12:00:00Z", 5},
		"paused":   {of("0 3 * * *", func(s *v1.Schedule) { s.Spec.Paused = true }), "", 0},
		"never":    {of("0 0 30 2 *", func(*v1.Schedule) {}), "", 0},
		"no times": {of("now and then", func(*v1.Schedule) {}), "", 0},
	} {
		one := describeSchedules([]*v1.Schedule{tc.schedule}, made, at)[0]
		if len(one.Next) != tc.count || tc.count > 0 && one.Next[0].UTC().Format(time.RFC3339) != tc.next {
			t.Errorf("%s: the next runs are %v", name, one.Next)
		}
		if len(one.Last) != runs || one.Last[runs-1].Name != "6" {
			t.Errorf("%s: the last runs are %v", name, one.Last)
		}
	}
}

// TestHistory keeps what changes, and so much of it.
func TestHistory(t *testing.T) {
	var h history
	location := &v1.BackupStorageLocation{ObjectMeta: metav1.ObjectMeta{UID: "u"}}
	for i := range 2 * kept {
		h.note(location, []string{"Available", "Unavailable"}[i%2], "", nil)
		h.note(location, []string{"Available", "Unavailable"}[i%2], "", nil) // which is nothing new
	}
	if none := h.of(&v1.BackupStorageLocation{}, nil); none == nil {
		t.Error("the page gets null for the history of a location that was not seen yet")
	}
	turns := h.of(location, nil)
	if len(turns) != kept || turns[0].Phase == turns[1].Phase {
		t.Errorf("there are %d turns, which begin with %v", len(turns), turns[:2])
	}
}
