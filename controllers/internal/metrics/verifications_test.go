package metrics

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	velerov1 "github.com/velero-locations/velero-locations/apis/velero/v1"
	"github.com/velero-locations/velero-locations/backups"
	"github.com/velero-locations/velero-locations/controllers/internal/metrics/metricstest"
)

// TestVerifications shows how backups are counted by what was found out about them, and that series go with the backups.
func TestVerifications(t *testing.T) {
	of := func(schedule, location, verified string, phase velerov1.BackupPhase) velerov1.Backup {
		b := backupOf(schedule, phase, 1)
		b.Spec.StorageLocation = location
		if verified != "" {
			b.Annotations = map[string]string{backups.VerifiedAnnotation: verified}
		}
		return *b
	}
	m := New()
	v := &Verifications{Metrics: m}
	for _, step := range []struct {
		backups []velerov1.Backup
		want    []string
	}{
		{[]velerov1.Backup{
			of("nightly", "east", "True", completed), of("nightly", "east", "True", completed), of("nightly", "east", "False", velerov1.BackupPhasePartiallyFailed),
			of("nightly", "east", "", completed), of("", "west", "Unknown", completed), of("", "west", "", velerov1.BackupPhaseFailed), of("", "south", "", velerov1.BackupPhaseInProgress),
		}, []string{
			`locations_backup_verified{backup_location_name="east",result="broken",schedule="nightly"} 1`,
			`locations_backup_verified{backup_location_name="east",result="never",schedule="nightly"} 1`,
			`locations_backup_verified{backup_location_name="east",result="unknown",schedule="nightly"} 0`,
			`locations_backup_verified{backup_location_name="east",result="verified",schedule="nightly"} 2`,
			`locations_backup_verified{backup_location_name="west",result="broken",schedule=""} 0`,
			`locations_backup_verified{backup_location_name="west",result="never",schedule=""} 0`,
			`locations_backup_verified{backup_location_name="west",result="unknown",schedule=""} 1`,
			`locations_backup_verified{backup_location_name="west",result="verified",schedule=""} 0`,
		}},
		{nil, nil},
	} {
		v.count(step.backups)
		if got := metricstest.Scrape(t, m); !slices.Equal(got, step.want) {
			t.Errorf("got %q\nwant %q", got, step.want)
		}
	}
}

const completed = velerov1.BackupPhaseCompleted

// TestVerificationDue shows when the first of several backups is due to be verified: after its last verification, or after its end.
func TestVerificationDue(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	of := func(verified, ended time.Time) velerov1.Backup {
		b := backupOf("nightly", completed, 1)
		b.Spec.StorageLocation, b.Status.CompletionTimestamp = "east", &metav1.Time{Time: ended}
		if !verified.IsZero() {
			b.Annotations = map[string]string{backups.VerifiedAnnotation: "True", backups.VerifiedAtAnnotation: verified.Format(time.RFC3339)}
		}
		return *b
	}
	all := []velerov1.Backup{of(at.Add(2*time.Hour), at), of(time.Time{}, at.Add(time.Hour)), of(at.Add(3*time.Hour), at)}
	for period, want := range map[time.Duration]string{
		0:              "",
		24 * time.Hour: fmt.Sprintf(`locations_backup_verification_due_timestamp_seconds{backup_location_name="east",schedule="nightly"} %v`, float64(at.Add(25*time.Hour).Unix())),
	} {
		m := New()
		(&Verifications{Metrics: m, Period: period}).count(all)
		got := slices.DeleteFunc(metricstest.Scrape(t, m), func(line string) bool { return !strings.Contains(line, "_due_") })
		if strings.Join(got, "\n") != want {
			t.Errorf("every %s: got %q, want %q", period, got, want)
		}
	}
}
