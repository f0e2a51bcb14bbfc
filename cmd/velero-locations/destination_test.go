package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

func backupManifest(kind, name, spec string) string {
	return fmt.Sprintf("apiVersion: velero.io/v1\nkind: %s\nmetadata: {name: %s, namespace: velero}\nspec: %s\n", kind, name, spec)
}

// TestDestinationIsShown shows what whoever makes a backup sees of where it goes, before it is made and after.
func TestDestinationIsShown(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir(), "--default-volume-snapshot-locations", "velero.io/aws:west")
	for _, line := range []string{
		"velero backup-location create primary --provider aws --bucket velero-backups --prefix a --config region=us-east-1 --default",
		"velero backup-location create archive --provider aws --bucket velero-backups --prefix b --config region=us-west-1 --access-mode ReadOnly",
		"velero snapshot-location create east --provider aws --config region=us-east-1",
		"velero snapshot-location create west --provider aws --config region=us-west-1",
		"velero snapshot-location create disks --provider gcp --config snapshotLocation=us-central1",
	} {
		s.Must(t, line)
	}
	s.row(t, "primary", "Available")
	full := backupManifest("Backup", "full", "{includedNamespaces: [shop], snapshotVolumes: true, volumeSnapshotLocations: [disks]}")
	shown := s.KubectlWith(t, full, "create", "--dry-run=server", "-o", "yaml", "-f", "-")
	devtest.WantContains(t, shown, "storageLocation: primary\n", "volumeSnapshotLocations:\n  - disks\n  - west\n", "velero.io/storage-location: primary\n")
	if got := s.Kubectl(t, "get", "backups", "-A", "-o", "name"); got != "" {
		t.Errorf("the dry run made %s", got)
	}

	for _, test := range []struct{ kind, spec, want string }{
		{"Backup", "{storageLocation: primry}", `spec.storageLocation: Not found: "primry": there is no such backup storage location: did you mean "primary"?`},
		{"Backup", "{volumeSnapshotLocations: [east, west]}", `spec.volumeSnapshotLocations[1]: Invalid value: "west": "east" is of the same provider, aws`},
		{"Schedule", `{schedule: "@daily", template: {volumeSnapshotLocations: [east, west]}}`, `spec.template.volumeSnapshotLocations[1]: Invalid value: "west": "east" is of the same provider, aws`},
		{"Schedule", `{schedule: "0 1 * *", template: {}}`, `spec.schedule: Invalid value: "0 1 * *": must be minute, hour, day, month and weekday`},
	} {
		if got := s.Run(t, backupManifest(test.kind, "bad", test.spec), "create", "-f", "-"); got.Code == 0 || !strings.Contains(got.Stderr, test.want) {
			t.Errorf("a %s of %s: exit code %d, %s, want %s", test.kind, test.spec, got.Code, got.Stderr, test.want)
		}
	}
	got := s.Run(t, backupManifest("Schedule", "early", `{schedule: "@daily", template: {storageLocation: gone}}`), "create", "-f", "-", "--dry-run=server")
	if want := `Warning: spec.template.storageLocation: Not found: "gone": there is no such backup storage location: name one of "archive", "primary" (until it is there, backups fail)`; got.Code != 0 || !strings.Contains(got.Stderr, want) {
		t.Errorf("a schedule whose location may come: %+v, want %s", got, want)
	}
	got = s.Run(t, backupManifest("Backup", "late", "{storageLocation: archive}"), "create", "-f", "-", "--dry-run=server")
	if want := `Warning: spec.storageLocation: backup storage location "archive" is read-only`; got.Code != 0 || !strings.Contains(got.Stderr, want) {
		t.Errorf("to a read-only location: %+v, want %s", got, want)
	}

	s.KubectlWith(t, full, "apply", "-f", "-")
	devtest.Poll(t, 30*time.Second, "the backup to end", func() bool {
		return s.Kubectl(t, "get", "backup", "full", "-n", "velero", "-o", "jsonpath={.status.completionTimestamp}") != ""
	})
	s.KubectlWith(t, full, "apply", "-f", "-") // as GitOps tools do
	s.KubectlWith(t, full, "apply", "--server-side", "--force-conflicts", "-f", "-")
	s.KubectlWith(t, full, "replace", "-f", "-")
	devtest.WantContains(t, s.Kubectl(t, "get", "backup", "full", "-n", "velero", "-o", "yaml"),
		"volumeSnapshotLocations:\n  - disks\n  - west\n", "velero.io/storage-location: primary\n", "completionTimestamp:")
	got = s.Run(t, "", "patch", "backup", "full", "-n", "velero", "--type=merge", "-p", `{"spec":{"storageLocation":"archive"}}`)
	if want := `spec.storageLocation: Invalid value: "archive": must stay "primary", fixed once the backup has begun`; got.Code == 0 || !strings.Contains(got.Stderr, want) {
		t.Errorf("moving a backup: %+v, want %s", got, want)
	}
}

// TestLocationWithBackups shows what becomes of the backups of a location that is to move, or is deleted.
func TestLocationWithBackups(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir())
	s.Must(t, "velero backup-location create primary --provider aws --bucket velero-backups --prefix a --config region=us-east-1 --default")
	for _, name := range []string{"one", "two"} {
		s.KubectlWith(t, backupManifest("Backup", name, "{storageLocation: primary}")+"status: {phase: Completed}\n", "create", "-f", "-")
	}
	got := s.Run(t, "", "patch", "bsl", "primary", "-n", "velero", "--type=merge", "-p", `{"spec":{"objectStorage":{"prefix":"b"}}}`)
	if want := `spec.objectStorage.prefix: Invalid value: "b": must stay "a" while the location has backups (now 2)`; got.Code == 0 || !strings.Contains(got.Stderr, want) {
		t.Errorf("moving the location: %+v, want %s", got, want)
	}
	want := `Warning: the records of 2 backups go with backup storage location "primary"; what is in its bucket stays`
	got = s.Shell(t, "velero backup-location delete primary --confirm --dry-run=server")
	if got.Code != 0 || !strings.Contains(got.Stderr, want) || strings.Count(s.Kubectl(t, "get", "backups", "-A", "-o", "name"), "\n") != 2 {
		t.Errorf("deleting the location in a dry run: %+v, want %s", got, want)
	}
	got = s.Shell(t, "velero backup-location delete primary --confirm")
	if left := s.Kubectl(t, "get", "backups", "-A", "-o", "name"); got.Code != 0 || !strings.Contains(got.Stderr, want) || left != "" {
		t.Errorf("deleting the location: %+v, leaves %q, want %s", got, left, want)
	}
}
