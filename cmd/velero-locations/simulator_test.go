package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/azure"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/drivers/portworx"
	"github.com/velero-locations/velero-locations/drivers/snapshotter"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/control"
)

// startSimulator starts a simulator in a process of its own, and returns the addresses of its S3 and its control API.
func startSimulator(t *testing.T, environment ...string) (s3, controlURL string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "simulator.yaml")
	err := os.WriteFile(config, []byte(`apiVersion: simulator.velero-locations.io/v1alpha1
kind: Simulator
regions: [us-east-1, eu-west-1]
accounts:
- id: "111111111111"
  accessKeys: [{id: AKIA, secret: topsecret}]
  buckets: [{name: velero}]
  volumes:
  - {id: vol-00000000000000001, availabilityZone: us-east-1a, size: 1}
  - {id: vol-00000000000000002, availabilityZone: eu-west-1b, size: 2}
- id: "222222222222"
  volumes: [{id: vol-00000000000000003, availabilityZone: us-east-1a, size: 3, data: hello}]
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	process := program(context.Background(), "simulator", "--config", config, "--s3-address", "127.0.0.1:0", "--control-address", "127.0.0.1:0")
	process.Env = append(process.Env, environment...)
	process.Stderr = &bytes.Buffer{}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := process.Wait(); err != nil {
			t.Errorf("%v\n%s", err, process.Stderr)
		}
	})
	lines := bufio.NewScanner(out)
	for controlURL == "" {
		if !lines.Scan() {
			t.Fatalf("the simulator ended: %s", process.Stderr)
		}
		switch service, url, found := strings.Cut(lines.Text(), " is served at "); {
		case !found:
			t.Fatalf("the simulator printed %q\n%s", lines.Text(), process.Stderr)
		case service == "S3":
			s3 = url
		case service == "The control API":
			controlURL = url
		}
	}
	return s3, controlURL
}

// runControl runs a command that controls a simulator, and returns its output and its errors.
func runControl(t *testing.T, controlURL string, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := program(ctx, append([]string{"simulator"}, args...)...)
	cmd.Env = append(cmd.Env, control.AddressVariable+"="+controlURL)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	return out.String(), errs.String(), err == nil
}

func TestSimulatorFaults(t *testing.T) {
	s3, controlURL := startSimulator(t)
	_, host, _ := strings.Cut(s3, "//")
	client, err := minio.New(host, &minio.Options{Creds: credentials.NewStaticV4("AKIA", "topsecret", ""), Region: "us-east-1", MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	put := func() string {
		_, err := client.PutObject(t.Context(), "velero", "backups/k", strings.NewReader("x"), 1, minio.PutObjectOptions{})
		return minio.ToErrorResponse(err).Code
	}
	do := func(args ...string) string {
		t.Helper()
		out, errs, ok := runControl(t, controlURL, args...)
		if !ok {
			t.Fatalf("%q: %s", args, errs)
		}
		return out
	}
	if got := do("fault", "add", "error", "code=SlowDown", "--operation", "s3:PutObject", "--bucket", "velero", "--prefix", "backups/", "--times", "1", "--name", "throttled"); got != "throttled\n" {
		t.Errorf("fault add printed %q", got)
	}
	if got := do("fault", "add", "latency", "delay=1ms"); got != "latency-1\n" {
		t.Errorf("fault add printed %q", got)
	}
	if code := put(); code != "SlowDown" {
		t.Errorf("the first upload: %q", code)
	}
	if code := put(); code != "" {
		t.Errorf("the second upload: %q", code)
	}
	devtest.WantContains(t, do("fault", "list"), "NAME", "throttled", `{"code":"SlowDown"}`, `"operations":["s3:PutObject"]`, "2        1\n", "latency-1")
	devtest.WantContains(t, do("fault", "list", "-o", "json"), `"type": "latency"`, `"injected": 1`)
	do("fault", "remove", "throttled")
	do("fault", "remove", "--all")
	if got := do("fault", "list"); strings.Count(got, "\n") != 1 {
		t.Errorf("there is still a fault:\n%s", got)
	}
	devtest.WantContains(t, do("journal"), "503 s3:PutObject", "velero/backups/k account=111111111111 key=AKIA region=us-east-1 in=", "error=SlowDown faults=throttled", "200 s3:PutObject")
	devtest.WantContains(t, do("journal", "--error", "*", "-o", "json"), `"error":"SlowDown"`)
	if got := do("journal", "--error", "*"); strings.Contains(got, "200 s3:PutObject") {
		t.Errorf("requests without an error are among\n%s", got)
	}
	followJournal(t, controlURL, put)
}

func TestSimulatorVolumes(t *testing.T) {
	_, controlURL := startSimulator(t)
	do := func(stdin string, args ...string) string {
		t.Helper()
		cmd := program(t.Context(), slices.Concat([]string{"simulator"}, args, []string{"--control", controlURL})...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	for _, test := range []struct {
		flags string
		want  []string
	}{
		{"", []string{"2", "1", "3"}},
		{"--account 2222*", []string{"3"}},
		{"--region us-east-?", []string{"1", "3"}},
		{"--region us-east-1 --account 111111111111", []string{"1"}},
		{"--provider aws", []string{"2", "1", "3"}},
		{"--provider gcp", nil},
	} {
		var got []string
		for _, word := range strings.Fields(do("", append([]string{"volumes"}, strings.Fields(test.flags)...)...)) {
			if id, found := strings.CutPrefix(word, "vol-0000000000000000"); found {
				got = append(got, id)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("volumes %s lists %v, want %v", test.flags, got, test.want)
		}
	}
	hello := do("hello", "volumes", "write", "vol-00000000000000001", "-")
	devtest.WantContains(t, do("", "volumes", "-o", "yaml", "--account", "2*"), "content: "+hello, "size: 3\n", "availabilityZone: us-east-1a\n")
	if same := do("", "volumes", "write", "vol-00000000000000002", "hello"); same != hello {
		t.Errorf("volumes that hold the same are %s and %s", hello, same)
	}
	if words, one := do("", "volumes", "write", "vol-00000000000000001", "a", "b"), do("", "volumes", "write", "vol-00000000000000002", "a b"); words != one {
		t.Errorf("the same texts make %s and %s", words, one)
	}
	devtest.WantContains(t, do("", "snapshots", "-o", "json"), `"snapshots": []`)
}

func followJournal(t *testing.T, controlURL string, put func() string) {
	t.Helper()
	cmd := program(t.Context(), "simulator", "journal", "--follow", "--error", "NoSuchBucket", "--control", controlURL)
	all := program(t.Context(), "simulator", "journal", "--follow", "--control", controlURL)
	out, err := all.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := all.Start(); err != nil {
		t.Fatal(err)
	}
	var none bytes.Buffer
	cmd.Stdout = &none
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range 2 {
		lines.Scan() // what was there
	}
	if code := put(); code != "" {
		t.Errorf("upload: %q", code)
	}
	if !lines.Scan() || !strings.Contains(lines.Text(), "200 s3:PutObject") {
		t.Errorf("a new request is shown as %q", lines.Text())
	}
	if err := all.Process.Signal(syscall.SIGINT); err != nil {
		t.Error(err)
	}
	if err := all.Wait(); err != nil {
		t.Errorf("after an interrupt: %v", err)
	}
	_ = cmd.Process.Kill() // it may have ended
	_ = cmd.Wait()
	if none.Len() > 0 {
		t.Errorf("the filter let %q through", none.String())
	}
}

func TestSimulatorControlRefuses(t *testing.T) {
	_, controlURL := startSimulator(t)
	for name, test := range map[string]struct {
		control string
		args    []string
		want    []string
	}{
		"unknown type":      {controlURL, []string{"fault", "add", "flood"}, []string{`"flood" is not one of latency, bandwidth`}},
		"unknown parameter": {controlURL, []string{"fault", "add", "latency", "wait=1s"}, []string{`latency: json: unknown field "wait"`}},
		"no parameter":      {controlURL, []string{"fault", "add", "latency"}, []string{"fault.delay: it is not a positive duration"}},
		"not a parameter":   {controlURL, []string{"fault", "add", "latency", "2s"}, []string{`"2s" is not PARAMETER=VALUE`}},
		"bad operation":     {controlURL, []string{"fault", "add", "expired", "--operation", "PutObject"}, []string{`match.operations[0]: "PutObject"`}},
		"missing fault":     {controlURL, []string{"fault", "remove", "none"}, []string{`fault "none": not found`}},
		"nothing to remove": {controlURL, []string{"fault", "remove"}, []string{"--all"}},
		"unknown output":    {controlURL, []string{"journal", "-o", "xml"}, []string{`"xml" is not "json"`}},
		"unknown account":   {controlURL, []string{"key", "add", "--account", "999999999999"}, []string{"there is no account 999999999999"}},
		"no account":        {controlURL, []string{"key", "add"}, []string{`required flag(s) "account"`}},
		"bad expiry":        {controlURL, []string{"key", "add", "--account", "111111111111", "--expires", "soon"}, []string{`--expires: "soon" is not a time`}},
		"unknown key":       {controlURL, []string{"key", "disable", "AKIANONE"}, []string{"access key AKIANONE: not found"}},
		"bad time":          {controlURL, []string{"clock", "set", "noon"}, []string{`"noon" is not a time`}},
		"bad duration":      {controlURL, []string{"clock", "advance", "later"}, []string{`"later" is not a duration`}},
		"unknown format":    {controlURL, []string{"volumes", "-o", "xml"}, []string{`invalid argument "xml"`, "must be json or yaml"}},
		"unknown command":   {controlURL, []string{"volumes", "erase"}, []string{`unknown command "erase"`}},
		"missing volume":    {controlURL, []string{"volumes", "write", "vol-1", "x"}, []string{`volume "vol-1": not found`}},
		"nothing to write":  {controlURL, []string{"volumes", "write", "vol-1"}, []string{"requires at least 2 arg"}},
		"nobody there":      {"127.0.0.1:1", []string{"fault", "list"}, []string{"asking the control API", "connection refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, ok := runControl(t, test.control, test.args...)
			if ok {
				t.Errorf("it succeeded: %s", out)
			}
			devtest.WantContains(t, errs, test.want...)
		})
	}
}

// TestSimulatorKeysAndClock takes a key from its addition to its removal, and moves the clock. Only adding and rotating
// show a secret.
func TestSimulatorKeysAndClock(t *testing.T) {
	s3, controlURL := startSimulator(t)
	_, host, _ := strings.Cut(s3, "//")
	do := func(args ...string) string {
		t.Helper()
		out, errs, ok := runControl(t, controlURL, args...)
		if !ok {
			t.Fatalf("%q: %s", args, errs)
		}
		return out
	}
	// code is how S3 refuses who signs with credentials.
	code := func(file string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "credentials")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		client, err := minio.New(host, &minio.Options{Creds: credentials.NewFileAWSCredentials(path, "default"), Region: "us-east-1", MaxRetries: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.PutObject(t.Context(), "velero", "backups/k", strings.NewReader("x"), 1, minio.PutObjectOptions{})
		return minio.ToErrorResponse(err).Code
	}
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte("- {effect: Allow, actions: ['s3:PutObject'], prefix: backups/}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	added := do("key", "add", "--account", "111111111111", "--id", "AKIANEW", "--policy", policy)
	if got := code(added); got != "" {
		t.Errorf("with the added key: %s", got)
	}
	list := do("key", "list")
	devtest.WantContains(t, list, "ID       ACCOUNT       ACTIVE  EXPIRES  STATEMENTS\n", "AKIANEW  111111111111  true    never    1\n")
	devtest.WantContains(t, do("key", "list", "-o", "json"), `"id": "AKIANEW"`, `"prefix": "backups/"`)
	for _, out := range []string{list, do("key", "list", "-o", "json")} {
		_, secret, _ := strings.Cut(strings.TrimSpace(added), "aws_secret_access_key=")
		if strings.Contains(out, secret) || strings.Contains(out, "topsecret") {
			t.Errorf("a list shows a secret:\n%s", out)
		}
	}
	do("key", "disable", "AKIANEW")
	if got := code(added); got != "InvalidAccessKeyId" {
		t.Errorf("with the disabled key: %q", got)
	}
	do("key", "enable", "AKIANEW")
	rotated := do("key", "rotate", "AKIANEW")
	if old, fresh := code(added), code(rotated); old != "InvalidAccessKeyId" || fresh != "" {
		t.Errorf("after the rotation: %q with the old key, %q with the new one", old, fresh)
	}
	if got := do("clock", "show"); !strings.HasSuffix(got, "Z offset=0s\n") {
		t.Errorf("clock show printed %q", got)
	}
	if got := do("clock", "advance", "20m"); !strings.HasSuffix(got, "Z offset=20m0s\n") {
		t.Errorf("clock advance printed %q", got)
	}
	if got := code(rotated); got != "RequestTimeTooSkewed" {
		t.Errorf("with the clock ahead: %q", got)
	}
	if got := do("clock", "set", "2020-01-01T00:00:00Z"); !strings.HasPrefix(got, "2020-01-01T00:00:0") {
		t.Errorf("clock set printed %q", got)
	}
	do("clock", "reset")
	id := strings.TrimPrefix(strings.Split(rotated, "\n")[1], "aws_access_key_id=")
	do("key", "remove", id)
	if got := code(rotated); got != "InvalidAccessKeyId" {
		t.Errorf("with the removed key: %q", got)
	}
}

// TestDevControlsSimulator: what dev exports suffices for the commands.
func TestDevControlsSimulator(t *testing.T) {
	s := startDev(t, t.TempDir())
	env, err := os.ReadFile(s.Path("env"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(env), "export "+control.AddressVariable+"='")
	if !found {
		t.Fatalf("the environment lacks %s:\n%s", control.AddressVariable, env)
	}
	address, _, _ := strings.Cut(rest, "'")
	volumes, err := (&control.Client{Address: address}).Volumes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var zones []string
	for _, volume := range volumes {
		zones = append(zones, volume.Zone)
	}
	if !slices.Equal(zones, []string{"us-east-1a", "us-east-1b", "us-west-1a", "eastus-1", "node-1"}) {
		t.Errorf("there are volumes in %v", zones)
	}
	devtest.WantContains(t, string(env), "export AWS_ENDPOINT_URL_EC2='http://127.0.0.1:", "export AWS_ENDPOINT_URL_STS='http://127.0.0.1:",
		"export VELERO_LOCATIONS_AZURE_ENDPOINT='http://127.0.0.1:", "export VELERO_LOCATIONS_PORTWORX_ENDPOINT='http://127.0.0.1:")
	checkOtherClouds(t, s)
	out, errs, ok := runControl(t, address, "fault", "add", "outage", "--region", "eu-west-1")
	if !ok || out != "outage-1\n" {
		t.Errorf("%q %s", out, errs)
	}
	if _, err := os.Stat(s.Path("simulator-ca.pem")); err != nil {
		t.Error(err)
	}
}

// checkOtherClouds: the credentials files of the accounts of Azure and Portworx, and the addresses in the environment,
// suffice for their drivers.
func checkOtherClouds(t *testing.T, s *server) {
	t.Helper()
	env, err := os.ReadFile(s.Path("env"))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		driver   snapshotter.Driver
		variable string
		volume   string
	}{
		"azure":    {azure.Driver, azure.EndpointVariable, "blog-media"},
		"portworx": {portworx.Driver, portworx.EndpointVariable, "shop-search"},
	} {
		file, err := os.ReadFile(s.Path("accounts", "primary-"+name))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(env), test.variable+"='")
		address, _, _ := strings.Cut(rest, "'")
		t.Setenv(test.variable, address)
		volumes, err := test.driver.Open(snapshotter.Options{Credentials: file})
		if err != nil {
			t.Fatal(err)
		}
		defer volumes.Close()
		if _, err := volumes.CreateSnapshot(t.Context(), test.volume, "", nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := volumes.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSimulatorAnnounces starts a simulator at free ports only, and looks at how it says where it is, and that it is no longer.
func TestSimulatorAnnounces(t *testing.T) {
	dir := t.TempDir()
	config, addresses, ready := filepath.Join(dir, "simulator.yaml"), filepath.Join(dir, "addresses.json"), filepath.Join(dir, "ready")
	if err := os.WriteFile(config, []byte("apiVersion: simulator.velero-locations.io/v1alpha1\nkind: Simulator\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for to, args := range map[string][]string{addresses: {"--config", config}, "-": nil} { // nil: the cloud of the documentation
		if err := os.WriteFile(ready, nil, 0o600); err != nil { // of an earlier run
			t.Fatal(err)
		}
		process := program(t.Context(), append([]string{
			"simulator", "--addresses", to, "--ready-file", ready, "--s3-address", "127.0.0.1:0",
			"--ec2-address", "127.0.0.1:0", "--clouds-address", "127.0.0.1:0", "--metadata-address", "127.0.0.1:0", "--control-address", "127.0.0.1:0",
		}, args...)...)
		out, err := process.StdoutPipe()
		if err == nil {
			err = process.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		var endpoints simulator.Endpoints
		var document []byte
		if to == "-" {
			err = json.NewDecoder(out).Decode(&endpoints)
		} else {
			document = awaitFile(t, addresses)
			err = json.Unmarshal(document, &endpoints)
		}
		if err != nil || len(endpoints.URLs()) != 5+len(endpoints.S3Regions) {
			t.Errorf("the addresses are %s: %v", document, err)
		}
		if got, want := endpoints.S3Regions["us-east-1"], strings.Replace(endpoints.S3, "127.0.0.1", "s3.us-east-1.localhost", 1); got != want {
			t.Errorf("us-east-1 is at %s, want %s", got, want)
		}
		awaitFile(t, ready)
		if err := process.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := process.Wait(); err != nil {
			t.Error(err)
		}
		for _, path := range []string{addresses, ready} {
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s is there after the end", path)
			}
		}
	}
}

// awaitFile returns what a file has in it, once it is there.
func awaitFile(t *testing.T, path string) []byte {
	t.Helper()
	for {
		data, err := os.ReadFile(path)
		if err == nil {
			return data
		}
		select {
		case <-t.Context().Done():
			t.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
