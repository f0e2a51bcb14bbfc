package main

import (
	"fmt"
	"strings"
	"testing"
)

// set returns the manifests of a namespace that belong together, as a chart renders them.
func set(namespace string) []string {
	metadata := func(name string) string { return fmt.Sprintf("metadata: {name: %s, namespace: %s}", name, namespace) }
	return []string{
		"apiVersion: velero.io/v1\nkind: BackupStorageLocation\n" + metadata("offsite") +
			"\nspec: {provider: aws, config: {region: us-east-1, profile: null}, objectStorage: {bucket: velero-backups, prefix: " + namespace + "}}\n",
		"apiVersion: velero.io/v1\nkind: VolumeSnapshotLocation\n" + metadata("ebs") +
			"\nspec: {provider: aws, config: {region: us-east-1, profile: }}\n",
		"apiVersion: velero.io/v1\nkind: Schedule\n" + metadata("nightly") +
			"\nspec: {schedule: \"0 1 * * *\", template: {storageLocation: offsite, volumeSnapshotLocations: [ebs]}}\n",
	}
}

// TestSets shows that a set of locations and a schedule that names them is taken in every order, in a dry run, where none of them ever
// comes to be, in a diff and for real; and that the schedule is warned about as long as its locations are not there.
func TestSets(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir())
	orders := [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	const missing = `Warning: spec.template.storageLocation: Not found: "offsite": there is no backup storage location in the namespace`
	for i, order := range orders {
		namespace := fmt.Sprint("set-", i)
		manifests := set(namespace)
		all := strings.Join([]string{manifests[order[0]], manifests[order[1]], manifests[order[2]]}, "---\n")
		s.Kubectl(t, "create", "namespace", namespace)
		dry := s.Run(t, all, "apply", "--server-side", "--dry-run=server", "-f", "-")
		if dry.Code != 0 || !strings.Contains(dry.Stderr, missing) {
			t.Errorf("%v, in a dry run: %+v, want %s", order, dry, missing)
		}
		diff := s.Run(t, all, "diff", "-f", "-")
		if diff.Code != 1 || strings.Count(diff.Stdout, "\n+kind: ") != len(manifests) {
			t.Errorf("%v, the difference: %+v", order, diff)
		}
		got := s.Run(t, all, "apply", fmt.Sprintf("--server-side=%t", i%2 == 0), "-f", "-")
		if last := order[2] == 2; got.Code != 0 || strings.Contains(got.Stderr, "until it is there, backups fail") == last {
			t.Errorf("%v, for real: %+v", order, got)
		}
	}
	got := s.Run(t, backupManifest("Backup", "now", "{storageLocation: offsite}"), "create", "-f", "-")
	if want := `spec.storageLocation: Not found: "offsite"`; got.Code == 0 || !strings.Contains(got.Stderr, want) {
		t.Errorf("a backup that runs now: %+v, want %s", got, want)
	}
}

// TestWrongTypes shows that whoever writes a value of a wrong type is told which and what to write instead, whichever way it is sent.
func TestWrongTypes(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir())
	manifest := func(config string) string {
		return "apiVersion: velero.io/v1\nkind: BackupStorageLocation\nmetadata: {name: minio, namespace: velero}\n" +
			"spec: {provider: aws, config: {region: minio, s3Url: \"http://minio:9000\", s3ForcePathStyle: " + config + "}, objectStorage: {bucket: velero-backups}}\n"
	}
	refused := func(when string, args ...string) {
		t.Helper()
		got := s.Run(t, manifest("true"), append(args, "-f", "-")...)
		if want := `spec.config[s3ForcePathStyle]: Invalid value: true: must be text: put it in quotes, "true"`; got.Code == 0 || !strings.Contains(got.Stderr, want) {
			t.Errorf("%s, kubectl %s: %+v, want %s", when, strings.Join(args, " "), got, want)
		}
	}
	refused("new", "create")
	refused("new", "apply")
	refused("new", "apply", "--server-side")
	s.KubectlWith(t, manifest(`"true"`), "apply", "-f", "-")
	refused("changed", "apply")
	refused("changed", "apply", "--server-side", "--force-conflicts")
	refused("changed", "replace")
	refused("changed", "diff")
	for _, kind := range []string{"merge", "strategic"} {
		got := s.Run(t, "", "patch", "bsl", "minio", "-n", "velero", "--type", kind, "-p", `{"spec":{"validationFrequency":60}}`)
		if want := "spec.validationFrequency: Invalid value: must be a duration, such as 30s, 10m or 2h30m"; got.Code == 0 || !strings.Contains(got.Stderr, want) {
			t.Errorf("a %s patch: %+v, want %s", kind, got, want)
		}
	}
	s.Kubectl(t, "patch", "bsl", "minio", "-n", "velero", "-p", `{"spec":{"config":{"profile":null,"s3ForcePathStyle":null}}}`)
	if got := s.Kubectl(t, "get", "bsl", "minio", "-n", "velero", "-o", "jsonpath={.spec.config}"); got != `{"region":"minio","s3Url":"http://minio:9000"}` {
		t.Errorf("nulls of a strategic merge patch leave %s", got)
	}
}
