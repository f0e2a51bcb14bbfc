package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// TestExamples runs each example against a simulator of its own. One whose client is not there is left out, but not in CI.
func TestExamples(t *testing.T) {
	for _, test := range []struct {
		name string
		// missing says what the example lacks, and run runs it.
		missing func() string
		run     func(t *testing.T) string
	}{
		{"go", func() string { return "" }, func(t *testing.T) string {
			t.Helper()
			var out bytes.Buffer
			if err := run(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}},
		{"python", missingPython, func(t *testing.T) string { t.Helper(); return output(t, python(), "s3.py") }},
		{"typescript", missingTypeScript, func(t *testing.T) string {
			t.Helper()
			output(t, "npm", "run", "--silent", "build")
			return output(t, "npm", "run", "--silent", "start")
		}},
		{"shell", func() string { return missing("curl") }, func(t *testing.T) string { t.Helper(); return output(t, "sh", "s3.sh") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			if lacks := test.missing(); lacks != "" && os.Getenv("CI") == "true" {
				t.Fatal(lacks)
			} else if lacks != "" {
				t.Skip("left out: " + lacks)
			}
			sim := simulatortest.Start(t, func(config *simulator.Config) {
				config.Accounts[0].Buckets = []simulator.BucketConfig{{Name: "velero"}}
			})
			for name, value := range map[string]string{
				"AWS_ENDPOINT_URL_S3": sim.S3, control.AddressVariable: sim.Control, "AWS_REGION": sim.Region,
				"AWS_ACCESS_KEY_ID": sim.Key.ID, "AWS_SECRET_ACCESS_KEY": sim.Key.Secret,
			} {
				t.Setenv(name, value)
			}
			if printed := test.run(t); printed != "hello\n" {
				t.Errorf("it printed %q", printed)
			}
			const refused = `error="SlowDown",operation="s3:GetObject",region="us-east-1"} 2`
			if metrics := get(t, sim.Control+"/metrics"); !strings.Contains(metrics, refused) {
				t.Errorf("reading did not go wrong twice: there is no %s in\n%s", refused, metrics)
			}
			if left := len(sim.Faults().List()); left > 0 {
				t.Errorf("after the reset there are %d faults", left)
			}
		})
	}
}

func missing(program string) string {
	if _, err := exec.LookPath(program); err != nil {
		return "there is no " + program
	}
	return ""
}

// python is one that has boto3, Debian's first.
func python() string {
	for _, program := range []string{"/usr/bin/python3", "python3"} {
		if exec.CommandContext(context.Background(), program, "-c", "import boto3").Run() == nil {
			return program
		}
	}
	return ""
}

func missingPython() string {
	if python() == "" {
		return "no python3 has boto3: apt-get install python3-boto3"
	}
	return ""
}

func missingTypeScript() string {
	if _, err := os.Stat("node_modules"); err != nil {
		return "its packages are not there: npm ci --prefix examples/simulator"
	}
	return missing("npm")
}

// output runs a program that is to succeed, and returns what it prints.
func output(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", program, err, out.String(), errs.String())
	}
	return out.String()
}

func get(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
