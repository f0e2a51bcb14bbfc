package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// TestWhoeverTypesItLearns shows what is said at once of what cannot come to anything, or perhaps not.
func TestWhoeverTypesItLearns(t *testing.T) {
	s := startDev(t, t.TempDir())
	s.Must(t, "velero backup-location create primary --provider aws --bucket velero-backups --config region=us-east-1 --default")
	s.row(t, "primary", "Available")
	s.Kubectl(t, "create", "namespace", "brand-new")

	const download = "{target: {kind: BackupLog, name: nosuch}}"
	for _, test := range []struct {
		kind, spec string
		refused    bool
		want       []string // lines, in this order
	}{
		{"Backup", "{includedNamespaces: [shpo, 'nope*', brand-new], includedResources: [configmps, Secret], snapshotVolumes: false}", false, []string{
			`Warning: spec.includedNamespaces[0]: there is no namespace "shpo": did you mean "shop"?`,
			`Warning: spec.includedNamespaces[1]: no namespace has a name such as "nope*"`,
			`Warning: spec.includedResources[0]: the API serves no resource "configmps": did you mean "configmaps"?`,
		}},
		{"Schedule", `{schedule: "@daily", template: {excludedResources: [secrts], snapshotVolumes: false}}`, false, []string{
			`Warning: spec.template.excludedResources[0]: the API serves no resource "secrts": did you mean "secrets"?`,
		}},
		{"Restore", "{backupName: nosuch}", false, []string{
			`Warning: spec.backupName: there is no backup "nosuch" in namespace "velero" (the restore fails unless there is when it begins)`,
		}},
		{"DeleteBackupRequest", "{backupName: nosuch}", true, []string{`spec.backupName: Not found: "nosuch": there is no such backup in namespace "velero"`}},
		{"DownloadRequest", download, true, []string{`spec.target.name: Not found: "nosuch": there is no such backup in namespace "velero"`}},
	} {
		got := s.Run(t, backupManifest(test.kind, "typed", test.spec), "create", "-f", "-", "--dry-run=server")
		lines := strings.Split(strings.TrimSpace(got.Stderr), "\n")
		if (got.Code != 0) != test.refused || len(lines) != len(test.want) {
			t.Errorf("a %s of %s: exit code %d, %s", test.kind, test.spec, got.Code, got.Stderr)
			continue
		}
		for i, want := range test.want {
			devtest.WantContains(t, lines[i], want)
		}
	}

	s.Must(t, "velero backup-location create elsewhere --provider azure --bucket backups --config storageAccount=mine,resourceGroup=mine")
	devtest.Poll(t, 30*time.Second, "a word on the location that nothing here checks", func() bool {
		return strings.Contains(s.Kubectl(t, "get", "bsl", "elsewhere", "-n", "velero", "-o", "jsonpath={.status}"), `no controller here knows the storage of provider \"azure\"`)
	})
}

// TestDeletedRecordComesBack deletes a backup in the two ways, of which one takes the record alone.
func TestDeletedRecordComesBack(t *testing.T) {
	s := startDev(t, t.TempDir())
	s.Must(t, "velero backup-location create primary --provider aws --bucket velero-backups --config region=us-east-1 --default --backup-sync-period 10s")
	s.row(t, "primary", "Available")
	s.Must(t, "velero backup create full --include-namespaces shop --snapshot-volumes=false --wait")

	got := s.Run(t, "", "delete", "backup", "full", "-n", "velero")
	if want := `Warning: only the record of backup "full" is deleted: while its data is in backup storage location "primary", the record comes back`; got.Code != 0 || !strings.Contains(got.Stderr, want) {
		t.Errorf("deleting the record: %+v, want %s", got, want)
	}
	recorded := func() bool { return s.Kubectl(t, "get", "backups", "-n", "velero", "-o", "name") != "" }
	devtest.Poll(t, time.Minute, "the record to come back", recorded)

	s.Kubectl(t, "patch", "bsl", "primary", "-n", "velero", "--type=merge", "-p", `{"spec":{"accessMode":"ReadOnly"}}`)
	got = s.Shell(t, "velero backup delete full --confirm")
	if want := `spec.backupName: Forbidden: the backup storage location of the backup, "primary", is read-only`; got.Code == 0 || !strings.Contains(got.Stderr, want) {
		t.Errorf("deleting in a read-only location: %+v, want %s", got, want)
	}
	s.Kubectl(t, "patch", "bsl", "primary", "-n", "velero", "--type=merge", "-p", `{"spec":{"accessMode":"ReadWrite"}}`)
	s.Must(t, "velero backup delete full --confirm")
	devtest.Poll(t, time.Minute, "the backup to be deleted", func() bool { return !recorded() })
	s.signal(t, syscall.SIGTERM)
	if log := s.output.String(); strings.Contains(log, "only the record") {
		t.Errorf("the controllers were warned, too:\n%s", log)
	}
}
