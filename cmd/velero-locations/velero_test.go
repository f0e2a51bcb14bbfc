package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shell runs a line as a user types it who has sourced the server's environment. The commands kubectl
// and velero are the server's own.
func (s *server) shell(t testing.TB, line string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", `. "$0/env"; PATH="$0/bin:$PATH"; `+line, s.dir)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", line, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// must is shell for a line that succeeds; it returns what the line prints.
func (s *server) must(t testing.TB, line string) string {
	t.Helper()
	got := s.shell(t, line)
	if got.code != 0 {
		t.Fatalf("%s: exit code %d\n%s%s", line, got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

// configured is what create and set print.
func (s *server) configured(t testing.TB, line, noun, name string) {
	t.Helper()
	if got, want := s.must(t, line), noun+` "`+name+"\" configured successfully.\n"; got != want {
		t.Errorf("%s printed %q, want %q", line, got, want)
	}
}

// row waits until `velero backup-location get` has a row for a name with all of these cells.
func (s *server) row(t testing.TB, name string, cells ...string) {
	t.Helper()
	var table string
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("velero backup-location get:\n%s", table)
		}
	})
	s.poll(t, 10*time.Second, "a row "+name+" with "+strings.Join(cells, ", "), func() bool {
		table = s.must(t, "velero backup-location get")
		for line := range strings.Lines(table) {
			if fields := strings.Fields(line); fields[0] == name {
				return containsAll(fields, cells)
			}
		}
		return false
	})
}

func containsAll(fields, wanted []string) bool {
	have := strings.Join(fields, " ") + " "
	for _, w := range wanted {
		if !strings.Contains(have, w+" ") {
			return false
		}
	}
	return true
}

const (
	storageLocation = "Backup storage location"
	// Velero's client has one name for a snapshot location when it is made and another when it is changed.
	snapshotMade, snapshotChanged = "Snapshot volume location", "Volume snapshot location"
)

// TestVelero runs the other verbs and flags of velero's commands for locations against one server.
func TestVelero(t *testing.T) {
	s := startDev(t, t.TempDir())
	certificate := filepath.Join(t.TempDir(), "ca.pem")
	line := "velero backup-location create east --provider aws --bucket velero-backups --config region=us-east-1"
	s.must(t, `kubectl config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > `+certificate)

	if got := s.must(t, line+" --dry-run=server"); got != storageLocation+" \"east\" configured successfully (server dry run).\n" {
		t.Errorf("a dry run printed %q", got)
	}
	if got := s.shell(t, "velero backup-location get"); got.code != 0 || got.stdout != "" || got.stderr != "No backup-locations found in namespace velero.\n" {
		t.Errorf("after a dry run: %+v", got)
	}
	wantContains(t, s.must(t, line+" -o yaml | kubectl create -f -"), "east created")
	s.row(t, "east", "Available")

	s.must(t, "velero backup-location set east --cacert "+certificate)
	s.must(t, "velero backup-location set east --default")
	wantContains(t, s.must(t, "velero get backup-locations east -o yaml"), "caCert: ", "default: true")
	s.must(t, "velero backup-location set east --cacert='' --default=false")
	if got := s.must(t, "velero get backup-locations east -o yaml"); strings.Contains(got, "caCert") || strings.Contains(got, "default: ") {
		t.Errorf("certificates and default were removed, but there is\n%s", got)
	}

	s.must(t, "velero create backup-location west --provider aws --bucket no-such-bucket --config region=us-west-1 --labels team=a --access-mode ReadOnly --validation-frequency 0")
	s.row(t, "west", "Unavailable", "ReadOnly")
	wantContains(t, s.must(t, "velero backup-location get"), "MESSAGE", `"no-such-bucket"`)
	if got := s.must(t, "velero backup-location get east"); strings.Contains(got, "MESSAGE") {
		t.Errorf("all is well, but there is\n%s", got)
	}
	if got := s.must(t, "velero backup-location get -l team=a -o name"); got != "backupstoragelocation.velero.io/west\n" {
		t.Errorf("the selected locations are %q", got)
	}

	for line, want := range map[string]string{
		line: `velero: backupstoragelocations.velero.io "east" already exists`,
		"velero backup-location set absent --default":                                                 `velero: backupstoragelocations.velero.io "absent" not found`,
		"velero backup-location delete west":                                                          "velero: deleting must be confirmed: give --confirm, as the input is not a terminal",
		"velero backup-location create x --provider '' --bucket ''":                                   "velero: BackupStorageLocation \"x\" is invalid:\n  spec.provider: Required value: ",
		"velero backup-location get -n absent -o json x":                                              `velero: backupstoragelocations.velero.io "x" not found`,
		"velero backup-location create 'X y' --provider aws --bucket velero-backups":                  `velero: BackupStorageLocation "X y" is invalid: metadata.name: Invalid value: "X y": `,
		"velero backup-location create --config":                                                      "velero: flag needs an argument: --config",
		"KUBERNETES_SERVICE_HOST= KUBERNETES_MASTER= KUBECONFIG=/dev/null velero backup-location get": "velero: no API to speak to: set $KUBECONFIG",
		"velero-locations backup-location create x --provider a":                                      `velero-locations: required flag(s) "bucket" not set`,
		"velero backup-location get --server http://127.0.0.1:1":                                      "connection refused",
		"velero backup-location get --kubeconfig /no/such/file":                                       "velero: reading the kubeconfig: stat /no/such/file: no such file or directory",
		"velero snapshot-location create x --provider aws --credential a=":                            "want SECRET=KEY",
	} {
		got := s.shell(t, line+" < /dev/null")
		if got.code != 1 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: %+v, want exit code 1 and %q", line, got, want)
		}
	}

	if got := s.must(t, "velero delete backup-location west --confirm"); got != storageLocation+" \"west\" deleted successfully.\n" {
		t.Errorf("delete printed %q", got)
	}
	s.must(t, "velero snapshot-location create ebs --provider aws --config region=us-east-1")
	s.must(t, "velero snapshot-location delete --all --confirm && velero backup-location delete --all --confirm")
	if got := s.must(t, "kubectl get bsl,vsl -o name"); got != "" {
		t.Errorf("after delete --all there is %q", got)
	}
	wantContains(t, s.must(t, "velero --help"), "velero [command]")
	wantContains(t, s.must(t, "velero completion bash"), "__start_velero")
}

// TestSettersLoseNothing changes different fields of one location at once.
func TestSettersLoseNothing(t *testing.T) {
	s := startDev(t, t.TempDir())
	s.must(t, "velero backup-location create east --provider aws --bucket velero-backups --config region=us-east-1")
	s.must(t, `printf '%s' "$(kubectl config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}')" | base64 -d > "$0/storage-ca.pem"`)
	s.must(t, `for change in --default "--credential=own=cloud" "--cacert=$0/storage-ca.pem"; do
		velero backup-location set east "$change" > /dev/null & pids="$pids $!"
	done
	for pid in $pids; do wait "$pid" || exit 1; done`)
	wantContains(t, s.must(t, "velero backup-location get east -o yaml"), "default: true", "name: own", "caCert: ")
}
