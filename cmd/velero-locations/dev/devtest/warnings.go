package devtest

import (
	"strings"
	"testing"
)

// WarningsOf returns the lines that kubectl prints of the server's warnings.
func WarningsOf(stderr string) []string {
	var found []string
	for line := range strings.Lines(stderr) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "Warning: "); ok {
			found = append(found, text)
		}
	}
	return found
}

// WantWarnings applies a manifest and compares what kubectl warns of: as many warnings, with these words.
func (s Server) WantWarnings(t *testing.T, manifest string, args []string, want ...string) {
	t.Helper()
	got := s.Run(t, manifest, append(args, "-f", "-")...)
	if got.Code != 0 {
		t.Fatalf("%v: exit code %d, %s", args, got.Code, got.Stderr)
	}
	found := WarningsOf(got.Stderr)
	if len(found) != len(want) {
		t.Fatalf("%v printed the warnings %q, want %d: %q", args, found, len(want), want)
	}
	for i := range want {
		WantContains(t, found[i], want[i])
	}
}

// warn shows what kubectl prints beside what it does.
func warn(t *testing.T, s Server) {
	t.Helper()
	apply := []string{"apply"}
	withDefault := func(manifest string) string { return strings.Replace(manifest, "spec:", "spec:\n  default: true", 1) }

	s.WantWarnings(t, Location("east", "us-east-1", "", "a"), []string{"apply", "--dry-run=server"}, `no location of namespace "velero" is the default`)
	s.WantWarnings(t, withDefault(Location("east", "us-east-1", "", "a")), apply)
	s.WantWarnings(t, Location("same", "us-east-1", "", "/a/"), apply, `prefix "a" of bucket "velero-backups" is also the place of location "east"`)
	s.WantWarnings(t, Location("nested", "us-east-1", "", "a/b"), apply, `lies inside of locations "east", "same"`)
	s.WantWarnings(t, Location("secret", "us-east-1", "absent", "s"), apply, `spec.credential: there is no Secret "absent" in namespace "velero" yet`)
	s.WantWarnings(t, strings.Replace(Location("key", "us-east-1", "cloud-credentials", "k"), "key: cloud", "key: clod", 1), apply,
		`spec.credential: Secret "cloud-credentials" in namespace "velero" has no key "clod" yet`)
	s.WantWarnings(t, Location("there", "us-east-1", "cloud-credentials", "t"), apply)
	s.WantWarnings(t, Location("region", "us-esat-1", "", "r"), apply, `spec.config[region]: "us-esat-1" is not the name of a region of Amazon`)
	s.WantWarnings(t, strings.Replace(Location("tls", "us-east-1", "", "i"), "region: us-east-1", "region: us-east-1, insecureSkipTLSVerify: 'true'", 1), apply,
		"spec.config[insecureSkipTLSVerify]")
	s.WantWarnings(t, strings.Replace(Location("provider", "us-east-1", "", "p"), "provider: aws", "provider: asw", 1), apply, `did you mean "aws"?`)
	s.WantWarnings(t, strings.Replace(SnapshotLocation, "region: us-east-1", "region: us-east-9a", 1), apply, "spec.config[region]")

	got := s.Run(t, strings.Replace(Location("bad", "us-east-1", "", ".."), "region: us-east-1", "regoin: us-east-1, s3Url: minio", 1), "apply", "-f", "-")
	if got.Code == 0 || len(WarningsOf(got.Stderr)) > 0 {
		t.Errorf("a bad location: exit code %d, %s", got.Code, got.Stderr)
	}
	WantContains(t, got.Stderr, `spec.config[regoin]: Unsupported value: "regoin": did you mean "region"?`, "spec.config[s3Url]: Invalid value", "spec.config[region]: Required value", "spec.objectStorage.prefix: Invalid value")
}

// applyAgain shows that a GitOps tool which applies what is there, again and again, by itself or
// on the server, changes nothing and is not warned, while the controller writes the status meanwhile.
func applyAgain(t *testing.T, s Server) {
	t.Helper()
	// An absent Secret, no default location, a bucket with slashes and an unknown provider: there is enough to warn of and
	// to rewrite, and nothing that is checked, and written, every minute.
	manifest := strings.NewReplacer("bucket: velero-backups", "bucket: /velero-backups/", "provider: aws", "provider: velero.io/aws\n  validationFrequency: 0s").
		Replace(Location("east", "us-east-1", "absent", "/a/")) + "---\n" + strings.Replace(SnapshotLocation, "provider: aws", "provider: asw", 1)
	s.KubectlWith(t, manifest, "apply", "-f", "-")
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/east", "--timeout=5s")
	s.Kubectl(t, "wait", "--for=jsonpath={.status.message}", "vsl/ebs", "--timeout=5s")
	versions := func() string {
		return s.Kubectl(t, "get", "bsl,vsl", "-o", `jsonpath={range .items[*]}{.metadata.name} {.metadata.generation} {.metadata.resourceVersion}{"\n"}{end}`)
	}
	for _, mode := range []struct {
		args []string
		says string
	}{
		{[]string{"apply", "-f", "-"}, "unchanged"},
		{[]string{"apply", "--server-side", "--force-conflicts", "-f", "-"}, "serverside-applied"},
	} {
		s.KubectlWith(t, manifest, mode.args...)
		before := versions()
		if strings.Count(before, " 1 ") != 2 {
			t.Errorf("generations and versions are\n%s\nwant generation 1", before)
		}
		for i := range 50 {
			got := s.Run(t, manifest, mode.args...)
			if got.Code != 0 || got.Stderr != "" {
				t.Fatalf("%v, time %d: exit code %d, %s", mode.args, i, got.Code, got.Stderr)
			}
			WantContains(t, got.Stdout, mode.says)
		}
		if after := versions(); after != before {
			t.Errorf("%v: before 50 times\n%safter\n%s", mode.args, before, after)
		}
	}
}
