package devtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// transcript is the README's: credentials, two locations of one bucket name in two
// regions, a key that goes wrong and right again, and a stray folder.
func transcript(t *testing.T, s Server) {
	t.Helper()
	secret := "--from-file=cloud=" + s.Path("accounts", "secondary")
	s.Kubectl(t, "create", "secret", "generic", "secondary", secret)
	s.KubectlWith(t, Location("east", "us-east-1", "", "")+Location("west", "eu-west-1", "secondary", ""), "apply", "-f", "-")
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl", "--all", "-n", "velero", "--timeout=5s")

	right, err := os.ReadFile(s.Path("accounts", "secondary"))
	if err != nil {
		t.Fatal(err)
	}
	const end = "oops\n" // of the wrong key, which is as long as the right one
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte(string(right[:len(right)-len(end)])+end), 0o600); err != nil {
		t.Fatal(err)
	}
	replace := func(file string) {
		manifest := s.Kubectl(t, "create", "secret", "generic", "secondary", "--from-file=cloud="+file, "--dry-run=client", "-o", "yaml")
		s.KubectlWith(t, manifest, "apply", "-f", "-")
	}
	replace(wrong)
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/west", "--timeout=5s")
	message := s.Kubectl(t, "get", "bsl", "west", "-o", "jsonpath={.status.message}")
	WantContains(t, message, `"west" is unavailable`, "aws_secret_access_key", `Secret "secondary"`)
	for line := range strings.Lines(string(right)) {
		if _, value, found := strings.Cut(line, "aws_secret_access_key = "); found && strings.Contains(message, value[:len(value)-len(end)]) {
			t.Errorf("the message tells the secret: %s", message)
		}
	}
	WantContains(t, s.Kubectl(t, "describe", "bsl", "west"), "Warning", "Unavailable", "aws_secret_access_key")
	replace(s.Path("accounts", "secondary"))
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/west", "--timeout=5s")
	if message := s.Kubectl(t, "get", "bsl", "west", "-o", "jsonpath={.status.message}"); message != "" {
		t.Errorf("an available location has the message %q", message)
	}

	s.PutObject(t, "eu-west-1", "secondary", "team-a/photos/cat.jpg")
	s.KubectlWith(t, Location("stray", "eu-west-1", "secondary", "team-a"), "apply", "-f", "-")
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/stray", "--timeout=5s")
	WantContains(t, s.Kubectl(t, "get", "bsl", "stray", "-o", "jsonpath={.status.message}"), "photos")
}

// PutObject puts an object into the bucket velero-backups of a region, as an account.
func (s Server) PutObject(t *testing.T, region, account, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := s.S3(t, region, account).PutObject(ctx, "velero-backups", key, strings.NewReader("meow"), 4, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}

// S3 returns a client of a region, as an account.
func (s Server) S3(tb testing.TB, region, account string) *minio.Client {
	tb.Helper()
	client, err := minio.New(strings.TrimPrefix(s.Exported(tb, "AWS_ENDPOINT_URL_S3"), "http://"), &minio.Options{
		Creds: credentials.NewFileAWSCredentials(s.Path("credentials"), account), Region: region,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// Exported returns a variable of the server's environment.
func (s Server) Exported(tb testing.TB, name string) string {
	tb.Helper()
	env, err := os.ReadFile(s.Path("env"))
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(env), name+"='")
	value, _, found := strings.Cut(rest, "'")
	if !found {
		tb.Fatalf("the environment has no %s", name)
	}
	return value
}

// wrongLocations shows that each message says what to do.
func wrongLocations(t *testing.T, s Server) {
	t.Helper()
	for name, test := range map[string]struct {
		manifest string
		want     []string
	}{
		"region":  {Location("region", "us-west-2", "", ""), []string{"us-east-1", "set spec.config.region"}},
		"secret":  {Location("secret", "us-east-1", "absent", ""), []string{`"absent"`, `"cloud"`}},
		"account": {Location("account", "eu-west-1", "", ""), []string{"may not"}},
		"bucket": {
			strings.Replace(Location("bucket", "us-east-1", "", ""), "velero-backups", "no-such-bucket", 1), []string{`"no-such-bucket"`},
		},
		"endpoint": {
			strings.Replace(Location("endpoint", "us-east-1", "", ""), "region: us-east-1", "region: us-east-1, s3Url: 'http://127.0.0.1:1'", 1),
			[]string{"127.0.0.1:1", "spec.config.s3Url"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.KubectlWith(t, test.manifest, "apply", "-f", "-")
			s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/"+name, "--timeout=5s")
			WantContains(t, s.Kubectl(t, "get", "bsl", name, "-o", "jsonpath={.status.message}"), test.want...)
		})
	}
}
