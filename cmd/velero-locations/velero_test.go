package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// configured is what create and set print.
func (s *server) configured(t testing.TB, line, noun, name string) {
	t.Helper()
	if got, want := s.Must(t, line), noun+` "`+name+"\" configured successfully.\n"; got != want {
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
	devtest.Poll(t, 10*time.Second, "a row "+name+" with "+strings.Join(cells, ", "), func() bool {
		table = s.Must(t, "velero backup-location get")
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
	s.Must(t, `kubectl config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > `+certificate)

	if got := s.Must(t, line+" --dry-run=server"); got != storageLocation+" \"east\" configured successfully (server dry run).\n" {
		t.Errorf("a dry run printed %q", got)
	}
	if got := s.Shell(t, "velero backup-location get"); got.Code != 0 || got.Stdout != "" || got.Stderr != "No backup-locations found in namespace velero.\n" {
		t.Errorf("after a dry run: %+v", got)
	}
	devtest.WantContains(t, s.Must(t, line+" -o yaml | kubectl create -f -"), "east created")
	s.row(t, "east", "Available")

	s.Must(t, "velero backup-location set east --cacert "+certificate)
	s.Must(t, "velero backup-location set east --default")
	devtest.WantContains(t, s.Must(t, "velero get backup-locations east -o yaml"), "caCert: ", "default: true")
	s.Must(t, "velero backup-location set east --cacert='' --default=false")
	if got := s.Must(t, "velero get backup-locations east -o yaml"); strings.Contains(got, "caCert") || strings.Contains(got, "default: true") {
		t.Errorf("certificates and default were removed, but there is\n%s", got)
	}

	s.Must(t, "velero create backup-location west --provider aws --bucket no-such-bucket --config region=us-west-1 --labels team=a --access-mode ReadOnly --validation-frequency 0")
	s.row(t, "west", "Unavailable", "ReadOnly")
	devtest.WantContains(t, s.Must(t, "velero backup-location get"), "MESSAGE", `"no-such-bucket"`)
	if got := s.Must(t, "velero backup-location get east"); strings.Contains(got, "MESSAGE") {
		t.Errorf("all is well, but there is\n%s", got)
	}
	if got := s.Must(t, "velero backup-location get -l team=a -o name"); got != "backupstoragelocation.velero.io/west\n" {
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
		got := s.Shell(t, line+" < /dev/null")
		if got.Code != 1 || !strings.Contains(got.Stderr, want) {
			t.Errorf("%s: %+v, want exit code 1 and %q", line, got, want)
		}
	}

	if got := s.Must(t, "velero delete backup-location west --confirm"); got != storageLocation+" \"west\" deleted successfully.\n" {
		t.Errorf("delete printed %q", got)
	}
	s.Must(t, "velero snapshot-location create ebs --provider aws --config region=us-east-1")
	s.Must(t, "velero snapshot-location delete --all --confirm && velero backup-location delete --all --confirm")
	if got := s.Must(t, "kubectl get bsl,vsl -o name"); got != "" {
		t.Errorf("after delete --all there is %q", got)
	}
	devtest.WantContains(t, s.Must(t, "velero --help"), "velero [command]")
	devtest.WantContains(t, s.Must(t, "velero completion bash"), "__start_velero")
}

// TestSettersLoseNothing changes different fields of one location at once.
func TestSettersLoseNothing(t *testing.T) {
	s := startDev(t, t.TempDir())
	s.Must(t, "velero backup-location create east --provider aws --bucket velero-backups --config region=us-east-1")
	s.Must(t, `printf '%s' "$(kubectl config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}')" | base64 -d > "$0/storage-ca.pem"`)
	s.Must(t, `for change in --default "--credential=own=cloud" "--cacert=$0/storage-ca.pem"; do
		velero backup-location set east "$change" > /dev/null & pids="$pids $!"
	done
	for pid in $pids; do wait "$pid" || exit 1; done`)
	devtest.WantContains(t, s.Must(t, "velero backup-location get east -o yaml"), "default: true", "name: own", "caCert: ")
}
