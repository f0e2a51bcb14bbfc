//go:build kind

package replicas

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/apis/velero"
	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
)

// failover is what came of harm to the controller that works.
type failover struct {
	fault             string
	completed, failed int
	twice             int         // backups whose content was written twice
	runs              []time.Time // for which a schedule has made backups
	pause             time.Duration
}

// add counts a backup by how often its content was written.
func (f *failover) add(t *testing.T, backup *velerov1.Backup, contents int) {
	t.Helper()
	if contents > 1 {
		f.twice++
	}
	switch phase := backup.Status.Phase; {
	case phase == velerov1.BackupPhaseFailed:
		f.failed++
	case phase == velerov1.BackupPhaseCompleted && contents > 0:
		f.completed++
	default:
		t.Errorf("%s: backup %s is %s, and its content was written %d times", f.fault, backup.Name, phase, contents)
	}
	if schedule, ok := backup.Labels[velero.ScheduleNameLabel]; ok {
		run, err := time.Parse("20060102150405", strings.TrimPrefix(backup.Name, schedule+"-"))
		if err != nil {
			t.Error(err)
		}
		f.runs = append(f.runs, run)
	}
}

// tooEarly counts the runs of the schedule that came before it was time again.
func (f *failover) tooEarly() int {
	slices.SortFunc(f.runs, time.Time.Compare)
	found := 0
	for i := 1; i < len(f.runs); i++ {
		if f.runs[i].Sub(f.runs[i-1]) < interval {
			found++
		}
	}
	return found
}

// check fails the test if something was made twice. How long it took depends on the machine, and is only shown.
func (f *failover) check(t *testing.T) {
	t.Helper()
	if f.twice+f.tooEarly() > 0 || len(f.runs) == 0 {
		t.Errorf("%s: %d backups were made twice, and %d of %d runs of the schedule", f.fault, f.twice, f.tooEarly(), len(f.runs))
	}
}

// longest is the longest time from one to the next.
func longest(times []time.Time) time.Duration {
	slices.SortFunc(times, time.Time.Compare)
	var found time.Duration
	for i := 1; i < len(times); i++ {
		found = max(found, times[i].Sub(times[i-1]))
	}
	return found
}

// failoverTable is what docs/operations.md has.
func failoverTable(failovers []failover) string {
	var b strings.Builder
	b.WriteString("\n| fault | backups completed | failed | made twice | runs of the schedule | made twice | longest time without a backup |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|\n")
	for _, f := range failovers {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %s |\n", f.fault, f.completed, f.failed, f.twice, len(f.runs), f.tooEarly(), seconds(f.pause))
	}
	return b.String()
}
