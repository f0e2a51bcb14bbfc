package location

import (
	"errors"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/locations/credentials"
)

// newLocation returns a location of bucket b that was found available, and changes it.
func newLocation(change ...func(*velerov1.BackupStorageLocation)) *velerov1.BackupStorageLocation {
	location := &velerov1.BackupStorageLocation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "velero", Name: "main"},
		Spec: velerov1.BackupStorageLocationSpec{
			Provider:      "aws",
			ObjectStorage: &velerov1.ObjectStorageLocation{Bucket: "bbb"},
		},
		Status: velerov1.BackupStorageLocationStatus{Phase: velerov1.BackupStorageLocationAvailable},
	}
	for _, change := range change {
		change(location)
	}
	return location
}

func TestFrequency(t *testing.T) {
	for name, tc := range map[string]struct {
		own  *metav1.Duration
		want time.Duration
	}{
		"absent":   {nil, time.Minute},
		"own":      {&metav1.Duration{Duration: time.Hour}, time.Hour},
		"a trice":  {&metav1.Duration{Duration: 1}, 10 * time.Second},
		"zero":     {&metav1.Duration{}, 0},
		"negative": {&metav1.Duration{Duration: -1}, time.Minute},
	} {
		if got := frequency(tc.own, time.Minute); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

func TestDue(t *testing.T) {
	now := time.Now()
	for name, tc := range map[string]struct {
		never   bool // checked before
		unknown bool // whether it can be used
		change  func(*velerov1.BackupStorageLocation)
		secrets secretVersions
		pause   time.Duration
		wait    time.Duration
		due     bool
	}{
		"never checked":             {never: true, due: true},
		"just checked":              {pause: time.Minute, wait: 40 * time.Second},
		"its time has come":         {pause: 20 * time.Second, due: true},
		"its time is past":          {pause: time.Second, due: true},
		"not again":                 {pause: 0},
		"spec changed":              {change: func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.Prefix = "p" }, due: true},
		"labels changed":            {change: func(l *velerov1.BackupStorageLocation) { l.Labels = map[string]string{"a": "b"}; l.Generation++ }},
		"status written":            {change: func(l *velerov1.BackupStorageLocation) { l.Status.Phase = velerov1.BackupStorageLocationUnavailable }},
		"never had a phase":         {unknown: true, change: func(l *velerov1.BackupStorageLocation) { l.Status.Phase = "" }, pause: time.Minute, wait: 40 * time.Second},
		"phase wiped":               {change: func(l *velerov1.BackupStorageLocation) { l.Status.Phase = "" }, due: true},
		"Secret as it was":          {secrets: secretVersions{"s": "7"}},
		"Secret changed":            {secrets: secretVersions{"s": "8"}, due: true},
		"Secret gone":               {secrets: secretVersions{"s": ""}, due: true},
		"Secret still missing":      {secrets: secretVersions{"missing": ""}},
		"Secret there at last":      {secrets: secretVersions{"missing": "1"}, due: true},
		"Secret that was not read":  {secrets: secretVersions{"other": "1"}},
		"changed, and not again":    {secrets: secretVersions{"s": "8"}, pause: 0, due: true},
		"changed, and not yet time": {secrets: secretVersions{"s": "8"}, pause: time.Hour, due: true},
	} {
		t.Run(name, func(t *testing.T) {
			last := &memo{
				state: state{spec: newLocation().Spec, secrets: secretVersions{"s": "7", "missing": ""}, phase: available},
				at:    now.Add(-20 * time.Second),
			}
			if tc.never {
				last = nil
			} else if tc.unknown {
				last.phase = ""
			}
			location := newLocation()
			if tc.change != nil {
				tc.change(location)
			}
			seen := state{spec: location.Spec, secrets: tc.secrets, phase: string(location.Status.Phase)}
			wait, due := due(last, seen, tc.pause, now)
			if due != tc.due || !due && wait != tc.wait {
				t.Errorf("got %v after %s, want %v after %s", due, wait, tc.due, tc.wait)
			}
		})
	}
}

// TestPause follows a location that fails, until it does not.
func TestPause(t *testing.T) {
	var last *memo
	for i, step := range []struct {
		bucket, secret, phase string
		want                  time.Duration
	}{
		{"a", "1", available, time.Minute},
		{"a", "1", unavailable, time.Second},
		{"a", "1", unavailable, 2 * time.Second},
		{"a", "1", unavailable, 4 * time.Second},
		{"b", "1", unavailable, time.Second}, // as new
		{"b", "1", unavailable, 2 * time.Second},
		{"b", "2", unavailable, time.Second}, // as new
		{"b", "2", "", time.Minute},          // nothing can be found out
		{"b", "2", unavailable, time.Second},
		{"b", "2", available, time.Minute},
	} {
		location := newLocation(func(l *velerov1.BackupStorageLocation) { l.Spec.ObjectStorage.Bucket = step.bucket })
		last = last.next(state{spec: location.Spec, secrets: secretVersions{"s": step.secret}, phase: step.phase}, time.Now())
		if got := last.pause(time.Minute); got != step.want {
			t.Errorf("step %d: got %s, want %s", i, got, step.want)
		}
	}
	for failures, want := range map[int]time.Duration{6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		if got := (&memo{failures: failures}).pause(time.Minute); got != want {
			t.Errorf("after %d failures: got %s, want %s", failures, got, want)
		}
	}
	if got := (&memo{failures: 1}).pause(0); got != 0 {
		t.Errorf("what is not checked again is, after %s", got)
	}
}

func TestConclude(t *testing.T) {
	const (
		good = `BackupStorageLocation "main" is available`
		bad  = `BackupStorageLocation "main" is unavailable: do this`
	)
	cause := errors.New("do this")
	elsewhere := fmt.Errorf("in a Secret: %w", credentials.Elsewhere("a pod's identity"))
	const unknown = `BackupStorageLocation "main" is not checked, which says nothing about whether Velero can use it: in a Secret: a pod's identity`
	for name, tc := range map[string]struct {
		stored string // in the location at hand
		last   *memo
		cause  error
		want   verdict
	}{
		"new and good":            {"", nil, nil, verdict{available, "", true, "Normal", good}},
		"new and bad":             {"", nil, cause, verdict{unavailable, bad, true, "Warning", bad}},
		"still good":              {available, nil, nil, verdict{available, "", false, "Normal", good}},
		"still bad":               {unavailable, nil, cause, verdict{unavailable, bad, false, "Warning", bad}},
		"turned bad":              {available, nil, cause, verdict{unavailable, bad, true, "Warning", bad}},
		"turned good":             {unavailable, nil, nil, verdict{available, "", true, "Normal", good}},
		"turned, the cache lags":  {available, &memo{state: state{phase: unavailable}}, nil, verdict{available, "", true, "Normal", good}},
		"nothing to be found out": {available, nil, elsewhere, verdict{message: unknown}},
		"same, the cache lags":    {unavailable, &memo{state: state{phase: available}}, nil, verdict{available, "", false, "Normal", good}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := conclude("BackupStorageLocation", "main", tc.last.phaseOr(tc.stored), tc.cause); got != tc.want {
				t.Errorf("got  %+v\nwant %+v", got, tc.want)
			}
		})
	}
}

func TestSpecChanges(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*velerov1.BackupStorageLocation)
		want   bool
	}{
		"nothing":         {func(*velerov1.BackupStorageLocation) {}, false},
		"spec":            {func(l *velerov1.BackupStorageLocation) { l.Spec.Config = map[string]string{"region": "x"} }, true},
		"an empty config": {func(l *velerov1.BackupStorageLocation) { l.Spec.Config = map[string]string{} }, false},
		"generation":      {func(l *velerov1.BackupStorageLocation) { l.Generation++ }, false},
		"status":          {func(l *velerov1.BackupStorageLocation) { l.Status.Message = "x" }, false},
		"phase wiped":     {func(l *velerov1.BackupStorageLocation) { l.Status.Phase = "" }, true},
	} {
		got := backupStorage.specChanges().Update(event.UpdateEvent{ObjectOld: newLocation(), ObjectNew: newLocation(tc.change)})
		if got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
