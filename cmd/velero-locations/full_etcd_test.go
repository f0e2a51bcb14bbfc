package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// TestFullEtcd fills the quota of the embedded etcd. The server says what to do, takes deletions of all sorts, also after a restart, and
// then everything else again.
func TestFullEtcd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startDev(t, dir, "--embedded-etcd-quota", "20Mi")
	s.KubectlWith(t, devtest.Location("held", "us-east-1", "", ""), "apply", "-f", "-")
	s.Kubectl(t, "patch", "bsl", "held", "--type=merge", "-p", `{"metadata":{"finalizers":["example.com/hold"]}}`)
	s.KubectlWith(t, devtest.Location("kept", "us-east-1", "", "kept")+`---
{apiVersion: velero.io/v1, kind: Backup, metadata: {name: b, namespace: velero}, spec: {storageLocation: kept}, status: {phase: Completed}}`, "apply", "-f", "-")
	written, refusal := fillSecrets(t, s)
	status := refusal.Status()
	if status.Code != http.StatusInsufficientStorage || status.Reason != "InsufficientStorage" || status.Details.Kind != "secrets" {
		t.Errorf("the refusal is %+v", status)
	}

	const advice = "Mi of 20Mi): delete objects, of which secrets take "
	devtest.WantContains(t, status.Message, advice)
	devtest.WantContains(t, s.Run(t, "", "get", "--raw", "/readyz/etcd-space").Stderr, advice)
	devtest.WantContains(t, s.Run(t, "", "get", "--raw", "/readyz").Stderr, "[-]etcd-space failed")
	devtest.WantContains(t, s.Kubectl(t, "get", "--raw", "/readyz?exclude=etcd-space"), "ok")
	devtest.WantContains(t, s.Run(t, devtest.Location("more", "us-east-1", "", ""), "apply", "-f", "-").Stderr, "(InsufficientStorage)", advice)
	s.KubectlWith(t, devtest.Location("more", "us-east-1", "", ""), "apply", "--dry-run=server", "-f", "-")
	s.Must(t, "kubectl auth can-i create secrets") // which is a creation of something that is not kept

	// It starts, and lets go what waits for a finalizer. A backup is deleted by a request, which has to be made.
	s.signal(t, syscall.SIGTERM)
	s = startDev(t, dir, "--embedded-etcd-quota", "20Mi")
	s.Kubectl(t, "delete", "bsl", "held", "--wait=false")
	s.Kubectl(t, "patch", "bsl", "held", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
	s.Kubectl(t, "wait", "--for=delete", "bsl/held", "--timeout=10s")
	s.KubectlWith(t, "apiVersion: velero.io/v1\nkind: DeleteBackupRequest\nmetadata: {name: d, namespace: velero}\nspec: {backupName: b}", "create", "-f", "-")

	for i := range written / 2 {
		s.Kubectl(t, "delete", "secret", fmt.Sprintf("filler-%d", i), "-n", "velero")
	}
	devtest.Poll(t, time.Minute, "room", func() bool {
		return s.Run(t, devtest.Location("more", "us-east-1", "", ""), "apply", "-f", "-").Code == 0
	})
	s.Kubectl(t, "get", "--raw", "/readyz")
	if got := strings.Count(s.Kubectl(t, "get", "secrets", "-n", "velero", "-o", "name"), "filler-"); got != written-written/2 {
		t.Errorf("%d secrets are left of %d, of which %d were deleted", got, written, written/2)
	}
	t.Logf("%d secrets were acknowledged", written)
}

// fillSecrets makes Secrets until one is refused and there is no history either that could make room, so that the refusal says what does.
// It returns how many there are.
func fillSecrets(t *testing.T, s *server) (int, apierrors.APIStatus) {
	t.Helper()
	client := s.core(t)
	for i := range 1000 {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("filler-%d", i)}, Data: map[string][]byte{"filler": make([]byte, 700<<10)}}
		var refusal apierrors.APIStatus
		devtest.Poll(t, time.Minute, "a last refusal, or none", func() bool {
			_, err := client.CoreV1().Secrets("velero").Create(t.Context(), secret, metav1.CreateOptions{})
			if err == nil {
				refusal = nil
				return true
			}
			return errors.As(err, &refusal) && strings.Contains(refusal.Status().Message, "of which")
		})
		if refusal != nil {
			return i, refusal
		}
	}
	t.Fatal("the server is never full")
	return 0, nil
}
