package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// TestProviderConfig shows the way out for plugins that are newer than the server, and that what was
// accepted so can be written again when the rules are back: by the controller, and by whoever mends it.
func TestProviderConfig(t *testing.T) {
	dir := t.TempDir()
	s := startDev(t, dir, "--provider-config", "warn")
	newer := strings.Replace(devtest.Location("newer", "us-east-1", "", ""), "region: us-east-1", "region: us-east-1, newKey: x, checksumAlgorithm: NEW", 1)
	newer = strings.Replace(newer, "spec:", "spec:\n  default: true", 1)
	s.WantWarnings(t, newer, []string{"apply"}, "spec.config[checksumAlgorithm]: Invalid value", "spec.config[newKey]: Unsupported value")
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/newer", "--timeout=5s")
	s.signal(t, syscall.SIGTERM)

	s = startDev(t, dir)
	s.Kubectl(t, "patch", "bsl", "newer", "--type=merge", "-p", `{"status":{"message":"hello"}}`)
	s.Kubectl(t, "patch", "bsl", "newer", "--type=merge", "-p", `{"spec":{"config":{"checksumAlgorithm":"SHA256"}}}`)
	if got := s.Run(t, "", "patch", "bsl", "newer", "--type=merge", "-p", `{"spec":{"config":{"newerKey":"x"}}}`); got.Code == 0 {
		t.Error("a new mistake was accepted")
	}
}
