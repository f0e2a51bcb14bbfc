package metrics

import (
	"slices"
	"testing"

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
