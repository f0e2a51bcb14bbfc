package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// TestQuiet shows that the terminal does not fill with errors of controllers about what the status of a location says, or what
// whoever asks waits for.
func TestQuiet(t *testing.T) {
	s := startDev(t, t.TempDir())
	s.Must(t, "velero-locations simulator fault add error code=AccessDenied status=403 --operation s3:ListObjectsV2 --prefix east/backups/ --name denied")
	s.KubectlWith(t, devtest.Location("east", "us-east-1", "", "east"), "apply", "-f", "-") // its check lists east/, its sync east/backups/
	s.KubectlWith(t, devtest.Location("gone", "us-east-1", "gone", "gone"), "apply", "-f", "-")
	s.KubectlWith(t, `{apiVersion: velero.io/v1, kind: Backup, metadata: {name: no-credentials, namespace: velero}, spec: {storageLocation: gone}, status: {phase: Completed}}`, "apply", "-f", "-")
	s.KubectlWith(t, `{apiVersion: velero.io/v1, kind: DownloadRequest, metadata: {name: no-credentials, namespace: velero}, spec: {target: {kind: BackupLog, name: no-credentials}}}`, "apply", "-f", "-")

	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/east", "--timeout=30s")
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/gone", "--timeout=30s")
	s.Kubectl(t, "wait", "--for=jsonpath={.status.expiration}", "downloadrequest/no-credentials", "--timeout=30s")
	devtest.Poll(t, 30*time.Second, "a sync to be refused", func() bool {
		return strings.Contains(s.Must(t, "velero-locations simulator journal --error AccessDenied"), "faults=denied")
	})
	s.Shell(t, "velero backup logs no-credentials --timeout 3s") // is looked at a few times more
	s.signal(t, syscall.SIGTERM)
	if got := s.output.String(); strings.Contains(got, "Reconciler error") {
		t.Errorf("the terminal shows\n%s", got)
	}
}
