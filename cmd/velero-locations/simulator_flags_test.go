package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/simulator"
)

// startWith starts a simulator without a configuration file in a process of its own, and returns its addresses.
func startWith(t *testing.T, environment []string, args ...string) simulator.Endpoints {
	t.Helper()
	process := program(t.Context(), append([]string{"simulator", "--addresses", "-"}, args...)...)
	process.Env = append(process.Env, environment...)
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		_ = process.Wait()                          // as it was asked to
	})
	var endpoints simulator.Endpoints
	if err := json.NewDecoder(out).Decode(&endpoints); err != nil {
		t.Fatal(err)
	}
	return endpoints
}

// free are variables that let a simulator serve at free ports only.
var free = []string{
	"VELERO_LOCATIONS_SIMULATOR_S3_ADDRESS=127.0.0.1:0", "VELERO_LOCATIONS_SIMULATOR_EC2_ADDRESS=127.0.0.1:0",
	"VELERO_LOCATIONS_SIMULATOR_CLOUDS_ADDRESS=127.0.0.1:0", "VELERO_LOCATIONS_SIMULATOR_CONTROL_ADDRESS=127.0.0.1:0",
}

// codeOf is how S3 refuses a client that looks for a bucket, or nothing.
func codeOf(t *testing.T, endpoint, id, secret, region, bucket string) string {
	t.Helper()
	client, err := minio.New(strings.TrimPrefix(endpoint, "http://"), &minio.Options{Creds: credentials.NewStaticV4(id, secret, ""), Region: region, MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	for object := range client.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{}) {
		if object.Err != nil {
			return minio.ToErrorResponse(object.Err).Code
		}
	}
	return ""
}

// TestSimulatorEnvironment: whoever starts a container sets a key, a region and buckets, and uses them.
func TestSimulatorEnvironment(t *testing.T) {
	seed := t.TempDir()
	if err := os.Mkdir(filepath.Join(seed, "seeded"), 0o700); err != nil {
		t.Fatal(err)
	}
	endpoints := startWith(t, append(free, "VELERO_LOCATIONS_SIMULATOR_SEED="+seed,
		"VELERO_LOCATIONS_SIMULATOR_ACCESS_KEY=AKIATEST", "VELERO_LOCATIONS_SIMULATOR_SECRET_KEY=of-the-test", "VELERO_LOCATIONS_SIMULATOR_REGION=ap-south-1",
		"VELERO_LOCATIONS_SIMULATOR_BUCKETS=one, two,velero", "VELERO_LOCATIONS_SIMULATOR_DATA_DIR=", "VELERO_LOCATIONS_SIMULATOR_HOST=127.0.0.2",
		"VELERO_LOCATIONS_SIMULATOR_SERVICE_HOST=10.0.0.1", "VELERO_LOCATIONS_SIMULATOR_PORT=tcp://10.0.0.1:9000",
	), "--buckets", "three", "--s3-address", "127.0.0.3:0")
	if len(endpoints.URLs()) != 4 {
		t.Errorf("it is served at %v", endpoints.URLs())
	}
	if !strings.HasPrefix(endpoints.S3, "http://127.0.0.3:") || !strings.HasPrefix(endpoints.EC2, "http://127.0.0.1:") { // the flag comes first
		t.Errorf("it is served at %s and %s", endpoints.S3, endpoints.EC2)
	}
	wantHealth(t, endpoints.S3)
	for _, test := range []struct{ id, secret, bucket, want string }{
		{"AKIATEST", "of-the-test", "three", ""},
		{"AKIATEST", "of-the-test", "velero", ""},
		{"AKIATEST", "of-the-test", "seeded", ""},
		{"AKIATEST", "of-the-test", "one", "NoSuchBucket"}, // the flag replaces the variable
		{"AKIAPRIMARY", "primary-secret", "three", "InvalidAccessKeyId"},
	} {
		if got := codeOf(t, endpoints.S3, test.id, test.secret, "ap-south-1", test.bucket); got != test.want {
			t.Errorf("%s in %s: %q, want %q", test.id, test.bucket, got, test.want)
		}
	}
}

// wantHealth asks a simulator how it is as its container does: by the address in the environment.
func wantHealth(t *testing.T, s3 string) {
	t.Helper()
	host, port, err := net.SplitHostPort(strings.TrimPrefix(s3, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		environment []string
		args        []string
		want        string
	}{
		"as it is served": {environment: []string{"VELERO_LOCATIONS_SIMULATOR_S3_ADDRESS=" + host + ":" + port}, want: "ok\n"},
		"by its address":  {args: []string{host + ":" + port}, want: "ok\n"},
		"at another port": {environment: []string{"VELERO_LOCATIONS_SIMULATOR_S3_ADDRESS=0.0.0.0:1"}, want: "http://127.0.0.1:1/readyz"},
		"at no address":   {args: []string{"9000"}, want: `"9000" is not host:port`},
	} {
		cmd := program(t.Context(), append([]string{"simulator", "health"}, test.args...)...)
		cmd.Env = append(cmd.Env, test.environment...)
		out, err := cmd.CombinedOutput()
		if (err == nil) != (test.want == "ok\n") || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

// TestSimulatorFlagsRefuse: what cannot be is refused with its name, what is wrong with it, and what would be right.
func TestSimulatorFlagsRefuse(t *testing.T) {
	for name, test := range map[string]struct {
		environment [2]string
		args        []string
		want        []string
	}{
		"address":           {args: []string{"--s3-address", "9000"}, want: []string{"--s3-address", `"9000" is not host:port, such as 127.0.0.1:9000`}},
		"port":              {environment: [2]string{"EC2_ADDRESS", "localhost:http"}, want: []string{"EC2_ADDRESS: ", `"localhost:http" is not host:port`}},
		"host":              {environment: [2]string{"HOST", "0.0.0.0:9000"}, want: []string{"HOST: ", `"0.0.0.0:9000" is not an IP address or a name, such as 0.0.0.0; it has no port`}},
		"key":               {environment: [2]string{"ACCESS_KEY", "a,b"}, want: []string{"ACCESS_KEY: ", `"a,b" is empty, or holds a space, a comma`}},
		"key without":       {environment: [2]string{"ACCESS_KEY", "AKIA"}, want: []string{"--access-key and --secret-key", "VELERO_LOCATIONS_SIMULATOR_SECRET_KEY", "give both"}},
		"secret without":    {environment: [2]string{"SECRET_KEY", "topsecret"}, want: []string{"only one of them is given"}},
		"region":            {environment: [2]string{"REGION", "EU"}, want: []string{"REGION: ", `"EU" is not a region's name such as eu-west-1`}},
		"bucket":            {environment: [2]string{"BUCKETS", "one,Two"}, want: []string{"BUCKETS: ", `"Two": a bucket name consists of lower-case letters`}},
		"bucket of another": {args: []string{"--config", "taken.yaml", "--buckets", "taken"}, want: []string{`accounts[1].buckets[0].name: "taken" is at accounts[0].buckets[0].name already`}},
		"misspelt":          {environment: [2]string{"BUCKET", "one"}, want: []string{"BUCKET: there is no such setting; VELERO_LOCATIONS_SIMULATOR_BUCKETS is one"}},
		"seed":              {environment: [2]string{"SEED", "."}, want: []string{"taken.yaml is no folder: what is in . is a folder for each bucket"}},
		"no file":           {environment: [2]string{"CONFIG", "/nowhere.yaml"}, want: []string{"/nowhere.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			taken := "apiVersion: " + simulator.APIVersion + "\nkind: Simulator\naccounts: [{id: '111111111111'}, {id: '222222222222', buckets: [{name: taken}]}]\n"
			if err := os.WriteFile(filepath.Join(".", "taken.yaml"), []byte(taken), 0o600); err != nil {
				t.Fatal(err)
			}
			if test.environment[0] != "" {
				t.Setenv("VELERO_LOCATIONS_SIMULATOR_"+test.environment[0], test.environment[1])
			}
			cmd := newSimulatorCommand()
			cmd.SetArgs(append(test.args, "--control-address", "127.0.0.1:0"))
			cmd.SetOut(io.Discard)
			cmd.SetErr(io.Discard)
			err := cmd.ExecuteContext(t.Context())
			if err == nil {
				t.Fatal("it was accepted")
			}
			devtest.WantContains(t, err.Error(), test.want...)
			if strings.Contains(err.Error(), "topsecret") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}
