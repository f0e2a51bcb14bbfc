package main

import (
	"strings"
	"syscall"
	"testing"
)

// warnings returns the lines that kubectl prints of the server's warnings.
func warnings(stderr string) []string {
	var found []string
	for line := range strings.Lines(stderr) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "Warning: "); ok {
			found = append(found, text)
		}
	}
	return found
}

// wantWarnings applies a manifest and compares what kubectl warns of: as many warnings, with these words.
func (s *server) wantWarnings(t *testing.T, manifest string, args []string, want ...string) {
	t.Helper()
	got := s.run(t, manifest, append(args, "-f", "-")...)
	if got.code != 0 {
		t.Fatalf("%v: exit code %d, %s", args, got.code, got.stderr)
	}
	found := warnings(got.stderr)
	if len(found) != len(want) {
		t.Fatalf("%v printed the warnings %q, want %d: %q", args, found, len(want), want)
	}
	for i := range want {
		wantContains(t, found[i], want[i])
	}
}

// TestWarnings shows what kubectl prints beside what it does.
func TestWarnings(t *testing.T) {
	s := startDev(t, t.TempDir())
	apply := []string{"apply"}
	withDefault := func(manifest string) string { return strings.Replace(manifest, "spec:", "spec:\n  default: true", 1) }

	s.wantWarnings(t, location("east", "us-east-1", "", "a"), []string{"apply", "--dry-run=server"}, `no location of namespace "velero" is the default`)
	s.wantWarnings(t, withDefault(location("east", "us-east-1", "", "a")), apply)
	s.wantWarnings(t, location("same", "us-east-1", "", "/a/"), apply, `prefix "a" of bucket "velero-backups" is also the place of location "east"`)
	s.wantWarnings(t, location("nested", "us-east-1", "", "a/b"), apply, `lies inside of location "east", "same"`)
	s.wantWarnings(t, location("secret", "us-east-1", "absent", "s"), apply, `spec.credential: there is no Secret "absent" in namespace "velero" yet`)
	s.wantWarnings(t, strings.Replace(location("key", "us-east-1", "cloud-credentials", "k"), "key: cloud", "key: clod", 1), apply,
		`spec.credential: Secret "cloud-credentials" in namespace "velero" has no key "clod" yet`)
	s.wantWarnings(t, location("there", "us-east-1", "cloud-credentials", "t"), apply)
	s.wantWarnings(t, location("region", "us-esat-1", "", "r"), apply, `spec.config[region]: "us-esat-1" is not the name of a region of Amazon`)
	s.wantWarnings(t, strings.Replace(location("tls", "us-east-1", "", "i"), "region: us-east-1", "region: us-east-1, insecureSkipTLSVerify: 'true'", 1), apply,
		"spec.config[insecureSkipTLSVerify]")
	s.wantWarnings(t, strings.Replace(location("provider", "us-east-1", "", "p"), "provider: aws", "provider: asw", 1), apply, `did you mean "aws"?`)
	s.wantWarnings(t, strings.Replace(snapshotLocation, "region: us-east-1", "region: us-east-9a", 1), apply, "spec.config[region]")

	got := s.run(t, strings.Replace(location("bad", "us-east-1", "", ".."), "region: us-east-1", "regoin: us-east-1, s3Url: minio", 1), "apply", "-f", "-")
	if got.code == 0 || len(warnings(got.stderr)) > 0 {
		t.Errorf("a bad location: exit code %d, %s", got.code, got.stderr)
	}
	wantContains(t, got.stderr, `spec.config[regoin]: Unsupported value: "regoin": did you mean "region"?`, "spec.config[s3Url]: Invalid value", "spec.config[region]: Required value", "spec.objectStorage.prefix: Invalid value")
}

// TestProviderConfig shows the way out for plugins that are newer than the server, and that what was
// accepted so can be written again when the rules are back: by the controller, and by whoever mends it.
func TestProviderConfig(t *testing.T) {
	dir := t.TempDir()
	s := startDev(t, dir, "--provider-config", "warn")
	newer := strings.Replace(location("newer", "us-east-1", "", ""), "region: us-east-1", "region: us-east-1, newKey: x, checksumAlgorithm: NEW", 1)
	newer = strings.Replace(newer, "spec:", "spec:\n  default: true", 1)
	s.wantWarnings(t, newer, []string{"apply"}, "spec.config[checksumAlgorithm]: Invalid value", "spec.config[newKey]: Unsupported value")
	s.kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/newer", "--timeout=5s")
	s.signal(t, syscall.SIGTERM)

	s = startDev(t, dir)
	s.kubectl(t, "patch", "bsl", "newer", "--type=merge", "-p", `{"status":{"message":"hello"}}`)
	s.kubectl(t, "patch", "bsl", "newer", "--type=merge", "-p", `{"spec":{"config":{"checksumAlgorithm":"SHA256"}}}`)
	if got := s.run(t, "", "patch", "bsl", "newer", "--type=merge", "-p", `{"spec":{"config":{"newerKey":"x"}}}`); got.code == 0 {
		t.Error("a new mistake was accepted")
	}
}

// TestApplyingAgain shows that a GitOps tool which applies what is there, again and again, by itself or
// on the server, changes nothing and is not warned, while the controller writes the status meanwhile.
func TestApplyingAgain(t *testing.T) {
	s := startDev(t, t.TempDir())
	// An absent Secret, no default location, a bucket with slashes and an unknown provider: there is enough to warn of and
	// to rewrite, and nothing that is checked, and written, every minute.
	manifest := strings.NewReplacer("bucket: velero-backups", "bucket: /velero-backups/", "provider: aws", "provider: velero.io/aws\n  validationFrequency: 0s").
		Replace(location("east", "us-east-1", "absent", "/a/")) + "---\n" + strings.Replace(snapshotLocation, "provider: aws", "provider: asw", 1)
	s.kubectlWith(t, manifest, "apply", "-f", "-")
	s.kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/east", "--timeout=5s")
	s.kubectl(t, "wait", "--for=jsonpath={.status.message}", "vsl/ebs", "--timeout=5s")
	versions := func() string {
		return s.kubectl(t, "get", "bsl,vsl", "-o", `jsonpath={range .items[*]}{.metadata.name} {.metadata.generation} {.metadata.resourceVersion}{"\n"}{end}`)
	}
	for _, mode := range []struct {
		args []string
		says string
	}{
		{[]string{"apply", "-f", "-"}, "unchanged"},
		{[]string{"apply", "--server-side", "--force-conflicts", "-f", "-"}, "serverside-applied"},
	} {
		s.kubectlWith(t, manifest, mode.args...)
		before := versions()
		if strings.Count(before, " 1 ") != 2 {
			t.Errorf("generations and versions are\n%s\nwant generation 1", before)
		}
		for i := range 50 {
			got := s.run(t, manifest, mode.args...)
			if got.code != 0 || got.stderr != "" {
				t.Fatalf("%v, time %d: exit code %d, %s", mode.args, i, got.code, got.stderr)
			}
			wantContains(t, got.stdout, mode.says)
		}
		if after := versions(); after != before {
			t.Errorf("%v: before 50 times\n%safter\n%s", mode.args, before, after)
		}
	}
}
