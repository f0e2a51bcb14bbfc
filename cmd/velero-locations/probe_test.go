package main

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// TestTypedLocations shows what kubectl prints when a location is typed whose storage cannot be used.
func TestTypedLocations(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir())
	silent, err := net.Listen("tcp", "127.0.0.1:0") // which the kernel answers, and nobody else
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	s.Must(t, `kubectl -n velero create secret generic wrong --from-literal=cloud='[default]
aws_access_key_id=AKIANOBODY0000000000
aws_secret_access_key=hidden-secret
'`)
	at := func(address string) string {
		return strings.Replace(devtest.Location("there", "us-east-1", "", "there"), "region: us-east-1", "region: us-east-1, s3ForcePathStyle: 'true', s3Url: '"+address+"'", 1)
	}
	s.KubectlWith(t, strings.Replace(devtest.Location("good", "us-east-1", "", "good"), "spec:", "spec:\n  default: true", 1), "apply", "-f", "-")
	for name, tc := range map[string]struct{ manifest, want string }{
		"a bucket that is not there": {strings.Replace(devtest.Location("bucket", "us-east-1", "", ""), "velero-backups", "nosuch", 1), `there is no bucket "nosuch" at `},
		"another region":             {devtest.Location("region", "us-west-2", "", "region"), `the bucket "velero-backups" is in region us-east-1, not us-west-2: set spec.config.region to us-east-1`},
		"refused credentials":        {devtest.Location("key", "us-east-1", "wrong", "key"), `does not know the access key`},
		"no route":                   {at("http://127.0.0.1:1"), "nothing listens at http://127.0.0.1:1"},
	} {
		for _, args := range [][]string{{"apply", "--dry-run=server"}, {"apply"}} {
			t.Run(name+" "+strings.Join(args, " "), func(t *testing.T) {
				var got devtest.Result
				devtest.Poll(t, time.Minute, "the storage to be asked in time", func() bool { // which a busy machine may fail to do
					s.Run(t, tc.manifest, "delete", "--ignore-not-found", "-f", "-")
					got = s.Run(t, tc.manifest, append(args, "-f", "-")...)
					return got.Code != 0 || len(devtest.WarningsOf(got.Stderr)) > 0
				})
				const want = "spec.objectStorage: the storage was asked, and the location cannot be used now: "
				if found := devtest.WarningsOf(got.Stderr); got.Code != 0 || len(found) != 1 || !strings.HasPrefix(found[0], want) || !strings.Contains(found[0], tc.want) {
					t.Errorf("exit code %d, %s\nwant %s", got.Code, got.Stderr, tc.want)
				}
				if strings.Contains(got.Stderr, "hidden") {
					t.Errorf("a secret is told: %s", got.Stderr)
				}
			})
		}
	}

	// Storage that is there and takes its time is left to the controller.
	s.WantWarnings(t, at("http://"+silent.Addr().String()), []string{"apply", "--request-timeout=1m"})

	// What changes nothing about the place or the credentials is not asked about.
	for _, line := range []string{
		"kubectl -n velero label bsl bucket a=b",
		`kubectl -n velero patch bsl bucket --type=merge -p '{"spec": {"accessMode": "ReadOnly"}}'`,
	} {
		if got := s.Shell(t, line); got.Code != 0 || strings.Contains(got.Stderr, "Warning") {
			t.Errorf("%s: exit code %d, %s", line, got.Code, got.Stderr)
		}
	}
	s.signal(t, syscall.SIGTERM)
}

// TestCheckVerb tries locations of a development server.
func TestCheckVerb(t *testing.T) {
	t.Parallel()
	s := startDev(t, t.TempDir())
	s.KubectlWith(t, devtest.Location("good", "us-east-1", "", "good")+devtest.Location("bad", "us-west-2", "", "bad")+
		strings.Replace(devtest.Location("cloud", "us-east-1", "", "cloud"), "provider: aws\n  config: {region: us-east-1}", "provider: gcp", 1), "apply", "-f", "-")
	for line, tc := range map[string]struct {
		code         int
		stdout, errs string
	}{
		"velero backup-location check good":               {stdout: "\nwrite                        ok\n"},
		"velero check backup-location good":               {code: 1, errs: "unknown command"},
		"velero backup-location check good -o json":       {stdout: "{\n" + `  "location": "good",`},
		"velero backup-location check good -o yaml":       {stdout: "- check: list\n  result: ok\n"},
		"velero backup-location check good -o name":       {code: 1, errs: `--output "name": want one of table, json, yaml`},
		"velero backup-location check bad":                {code: 1, stdout: "failed", errs: `velero: backup storage location "bad" failed 1 check: list`},
		"velero backup-location check nosuch":             {code: 1, errs: `"nosuch" not found`},
		"velero backup-location check cloud":              {stdout: "only S3's protocol is spoken"},
		"velero backup-location check good --timeout 1ns": {code: 1, errs: "deadline"},
	} {
		got := s.Shell(t, line)
		if got.Code != tc.code || !strings.Contains(got.Stdout, tc.stdout) || !strings.Contains(got.Stderr, tc.errs) {
			t.Errorf("%s: exit code %d\n%s%s", line, got.Code, got.Stdout, got.Stderr)
		}
	}
	s.signal(t, syscall.SIGTERM)
}
