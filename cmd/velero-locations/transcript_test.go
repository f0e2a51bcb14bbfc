package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// TestTranscript is the README's: credentials, two locations of one bucket name in two
// regions, a key that goes wrong and right again, and a stray folder.
func TestTranscript(t *testing.T) {
	s := startDev(t, t.TempDir())
	secret := "--from-file=cloud=" + s.path("accounts", "secondary")
	s.kubectl(t, "create", "secret", "generic", "secondary", secret)
	s.kubectlWith(t, location("east", "us-east-1", "", "")+location("west", "eu-west-1", "secondary", ""), "apply", "-f", "-")
	s.kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl", "--all", "-n", "velero", "--timeout=5s")

	right, err := os.ReadFile(s.path("accounts", "secondary"))
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte(string(right[:len(right)-5])+"oops\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	replace := func(file string) {
		manifest := s.kubectl(t, "create", "secret", "generic", "secondary", "--from-file=cloud="+file, "--dry-run=client", "-o", "yaml")
		s.kubectlWith(t, manifest, "apply", "-f", "-")
	}
	replace(wrong)
	s.kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/west", "--timeout=5s")
	message := s.kubectl(t, "get", "bsl", "west", "-o", "jsonpath={.status.message}")
	wantContains(t, message, `"west" is unavailable`, "aws_secret_access_key", `Secret "secondary"`)
	for line := range strings.Lines(string(right)) {
		if _, value, found := strings.Cut(line, "aws_secret_access_key = "); found && strings.Contains(message, strings.TrimSpace(value)[:8]) {
			t.Errorf("the message tells the secret: %s", message)
		}
	}
	wantContains(t, s.kubectl(t, "describe", "bsl", "west"), "Warning", "Unavailable", "aws_secret_access_key")
	replace(s.path("accounts", "secondary"))
	s.kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/west", "--timeout=5s")
	if message := s.kubectl(t, "get", "bsl", "west", "-o", "jsonpath={.status.message}"); message != "" {
		t.Errorf("an available location has the message %q", message)
	}

	s.putObject(t, "eu-west-1", "secondary", "team-a/photos/cat.jpg")
	s.kubectlWith(t, location("stray", "eu-west-1", "secondary", "team-a"), "apply", "-f", "-")
	s.kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/stray", "--timeout=5s")
	wantContains(t, s.kubectl(t, "get", "bsl", "stray", "-o", "jsonpath={.status.message}"), "photos")
	s.signal(t, syscall.SIGTERM)
}

// putObject puts an object into the bucket velero-backups of a region, as an account.
func (s *server) putObject(t *testing.T, region, account, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := s.s3(t, region, account).PutObject(ctx, "velero-backups", key, strings.NewReader("meow"), 4, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
}

// s3 returns a client of a region, as an account.
func (s *server) s3(t testing.TB, region, account string) *minio.Client {
	t.Helper()
	client, err := minio.New(strings.TrimPrefix(s.exported(t, "AWS_ENDPOINT_URL_S3"), "http://"), &minio.Options{
		Creds: credentials.NewFileAWSCredentials(s.path("credentials"), account), Region: region,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// exported returns a variable of the server's environment.
func (s *server) exported(t testing.TB, name string) string {
	t.Helper()
	env, err := os.ReadFile(s.path("env"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(env), name+"='")
	value, _, found := strings.Cut(rest, "'")
	if !found {
		t.Fatalf("the environment has no %s", name)
	}
	return value
}

// TestWrongLocations shows that each message says what to do.
func TestWrongLocations(t *testing.T) {
	s := startDev(t, t.TempDir())
	for name, test := range map[string]struct {
		manifest string
		want     []string
	}{
		"region":  {location("region", "us-west-2", "", ""), []string{"us-east-1", "set spec.config.region"}},
		"secret":  {location("secret", "us-east-1", "absent", ""), []string{`"absent"`, `"cloud"`}},
		"account": {location("account", "eu-west-1", "", ""), []string{"may not"}},
		"bucket": {
			strings.Replace(location("bucket", "us-east-1", "", ""), "velero-backups", "no-such-bucket", 1), []string{`"no-such-bucket"`},
		},
		"endpoint": {
			strings.Replace(location("endpoint", "us-east-1", "", ""), "region: us-east-1", "region: us-east-1, s3Url: 'http://127.0.0.1:1'", 1),
			[]string{"127.0.0.1:1", "spec.config.s3Url"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.kubectlWith(t, test.manifest, "apply", "-f", "-")
			s.kubectl(t, "wait", "--for=jsonpath={.status.phase}=Unavailable", "bsl/"+name, "--timeout=5s")
			wantContains(t, s.kubectl(t, "get", "bsl", name, "-o", "jsonpath={.status.message}"), test.want...)
		})
	}
}
