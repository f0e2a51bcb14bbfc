package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// volumes is the manifest of a volume snapshot location of provider aws.
func volumes(name, region, secret string) string {
	manifest := fmt.Sprintf("---\napiVersion: velero.io/v1\nkind: VolumeSnapshotLocation\nmetadata: {name: %s, namespace: velero}\n"+
		"spec:\n  provider: aws\n  config: {region: %s}\n", name, region)
	if secret != "" {
		manifest += fmt.Sprintf("  credential: {name: %s, key: vsl}\n", secret)
	}
	return manifest
}

func (s *server) waitForPhase(t *testing.T, phase, location string) {
	t.Helper()
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}="+phase, location, "--timeout=15s")
}

func (s *server) message(t *testing.T, location string) string {
	t.Helper()
	return s.Kubectl(t, "get", location, "-o", "jsonpath={.status.message}")
}

// TestSnapshotLocations shows the status that volume snapshot locations have here and nowhere else:
// what is wrong with each, and that it mends itself when the Secret does.
func TestSnapshotLocations(t *testing.T) {
	s := startDev(t, t.TempDir())
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("[default]\naws_access_key_id = AKIANOBODY\naws_secret_access_key = hidden\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	unreachable := filepath.Join(t.TempDir(), "unreachable")
	if err := os.WriteFile(unreachable, []byte("[default]\naws_access_key_id = AKIANOBODY\naws_secret_access_key = hidden\nendpoint_url = http://127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Kubectl(t, "create", "secret", "generic", "secondary", "--from-file=vsl="+wrong)
	s.Kubectl(t, "create", "secret", "generic", "unreachable", "--from-file=vsl="+unreachable)
	s.Kubectl(t, "create", "secret", "generic", "typo", "--from-file=vls="+wrong)
	portable := "---\napiVersion: velero.io/v1\nkind: VolumeSnapshotLocation\nmetadata: {name: disks, namespace: velero}\nspec: {provider: example.com/disks}\n"
	s.KubectlWith(t, volumes("east", "us-east-1", "")+volumes("nowhere", "us-east-9", "")+volumes("secondary", "us-west-1", "secondary")+
		volumes("absent", "us-east-1", "absent")+volumes("typo", "us-east-1", "typo")+volumes("unreachable", "us-east-1", "unreachable")+portable, "apply", "-f", "-")

	s.waitForPhase(t, "Available", "vsl/east")
	if got := s.message(t, "vsl/east"); got != "" {
		t.Errorf("an available location has the message %q", got)
	}
	for name, want := range map[string][]string{
		"nowhere":     {`VolumeSnapshotLocation "nowhere" is unavailable: `, "does not serve region us-east-9 (401 AuthFailure: Credential should be scoped to a valid region): correct spec.config.region"},
		"secondary":   {"does not accept the access key (401 AuthFailure: AWS was not able to validate the provided access credentials): correct aws_access_key_id and aws_secret_access_key", `Secret "secondary", key "vsl"`},
		"absent":      {`there is no Secret "absent" in namespace "velero": create it with key "vsl"`},
		"typo":        {`has no key "vsl" (it has 1 other)`},
		"unreachable": {"nothing listens at http://127.0.0.1:1: start the provider's service, or correct endpoint_url in the credentials"},
	} {
		s.waitForPhase(t, "Unavailable", "vsl/"+name)
		got := s.message(t, "vsl/"+name)
		devtest.WantContains(t, got, want...)
		if strings.Contains(got, "hidden") {
			t.Errorf("the message tells the secret: %s", got)
		}
	}
	s.Kubectl(t, "wait", "--for=jsonpath={.status.message}", "vsl/disks", "--timeout=5s")
	devtest.WantContains(t, s.message(t, "vsl/disks"), `there is no driver for provider "example.com/disks" here`)
	if got := s.Kubectl(t, "get", "vsl", "disks", "-o", "jsonpath={.status.phase}"); got != "" {
		t.Errorf("a location that nothing checks has phase %q", got)
	}

	devtest.WantContains(t, s.Kubectl(t, "describe", "vsl", "secondary"), "Warning", "Unavailable", "aws_secret_access_key")
	manifest := s.Kubectl(t, "create", "secret", "generic", "secondary", "--from-file=vsl="+s.Path("accounts", "secondary"), "--dry-run=client", "-o", "yaml")
	s.KubectlWith(t, manifest, "apply", "-f", "-")
	s.waitForPhase(t, "Available", "vsl/secondary")
	devtest.WantContains(t, s.Kubectl(t, "describe", "vsl", "secondary"), "Normal", "Available")
	if got := s.message(t, "vsl/secondary"); got != "" {
		t.Errorf("a location that was mended has the message %q", got)
	}

	s.KubectlWith(t, volumes("nowhere", "us-west-1", ""), "apply", "-f", "-")
	s.waitForPhase(t, "Available", "vsl/nowhere")
	devtest.WantContains(t, s.Kubectl(t, "get", "vsl", "-o", "wide"), "PHASE", "LAST VALIDATED", "MESSAGE", "Available", "Unavailable")
}
