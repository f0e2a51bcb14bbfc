package main

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// TestRefusesToStart shows what a user sees who starts the program wrongly: one line that says
// what is wrong, and a non-zero exit code.
func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	running := startDev(t, t.TempDir())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)

	config := filepath.Join(t.TempDir(), "simulator.yaml")
	if err := os.WriteFile(config, []byte("apiVersion: simulator.velero-locations.io/v1alpha1\nkind: Simulator\nregoins: [us-east-1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	unknownField := t.TempDir()
	if err := os.Link(config, filepath.Join(unknownField, "simulator.yaml")); err != nil {
		t.Fatal(err)
	}

	shared := t.TempDir()
	if err := os.Chmod(shared, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}

	apiserver := func(flags ...string) []string { return apiserverArgs(t, running, flags...) }
	embedded := []string{"--embedded-etcd-dir", t.TempDir()}
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"data directory in use":       {[]string{"dev", "--data-dir", running.Dir, "--port", "0", "--s3-address", "127.0.0.1:0"}, []string{running.Dir, "in use by another process"}},
		"data directory of others":    {[]string{"dev", "--data-dir", shared, "--port", "0", "--s3-address", "127.0.0.1:0"}, []string{shared, "is shared with other users"}},
		"port in use":                 {[]string{"dev", "--data-dir", t.TempDir(), "--port", port, "--s3-address", "127.0.0.1:0"}, []string{"address already in use", "--port"}},
		"S3 port in use":              {[]string{"dev", "--data-dir", t.TempDir(), "--port", "0", "--s3-address", "127.0.0.1:" + port}, []string{"address already in use", "--s3-address"}},
		"unknown field":               {[]string{"dev", "--data-dir", unknownField, "--port", "0", "--s3-address", "127.0.0.1:0"}, []string{"simulator.yaml", `"regoins"`}},
		"unknown field, alone":        {[]string{"simulator", "--config", config}, []string{"simulator.yaml", `"regoins"`}},
		"no file":                     {[]string{"simulator", "--config", filepath.Join(t.TempDir(), "none")}, []string{"no such file"}},
		"unknown mode":                {apiserver("--provider-config", "strict"), []string{"--provider-config", "enforce, warn or off"}},
		"unknown flag":                {[]string{"dev", "--prot", "1"}, []string{"unknown flag: --prot"}},
		"API server without etcd":     {apiserver(), []string{"--etcd-servers", "--embedded-etcd-dir"}},
		"API server with two etcds":   {apiserver("--etcd-servers", "http://127.0.0.1:1", "--embedded-etcd-dir", t.TempDir()), []string{"exclude each other"}},
		"API server half-configured":  {[]string{"apiserver", "--embedded-etcd-dir", t.TempDir(), "--kubeconfig", "x"}, []string{"--authentication-kubeconfig, --authorization-kubeconfig"}},
		"embedded etcd without room":  {apiserver(append(embedded, "--embedded-etcd-quota", "0")...), []string{"--embedded-etcd-quota is 0"}},
		"embedded etcd with TLS":      {apiserver(append(embedded, "--etcd-cafile", "x")...), []string{"--etcd-cafile", "--etcd-servers"}},
		"etcd certificate alone":      {apiserver("--etcd-servers", "https://127.0.0.1:1", "--etcd-certfile", "x"), []string{"--etcd-certfile is given without --etcd-keyfile"}},
		"etcd key alone":              {apiserver("--etcd-servers", "https://127.0.0.1:1", "--etcd-keyfile", "x"), []string{"--etcd-keyfile is given without --etcd-certfile"}},
		"etcd with TLS in plain text": {apiserver("--etcd-servers", "https://127.0.0.1:1,http://127.0.0.1:2", "--etcd-cafile", "x"), []string{"http://127.0.0.1:2", "https://"}},
		"API server without a key":    {apiserver(append(embedded, "--tls-private-key-file", "")...), []string{"--tls-cert-file is given without --tls-private-key-file"}},
		"API server without a certificate": {
			apiserver(append(embedded, "--tls-private-key-file", "", "--tls-cert-file", "")...), []string{"--tls-cert-file", "--tls-private-key-file", "caBundle"},
		},
		"audit log without a policy": {apiserver(append(embedded, "--audit-log-path", "-")...), []string{"--audit-policy-file"}},
		"audit policy without a log": {apiserver(append(embedded, "--audit-policy-file", "x")...), []string{"--audit-log-path"}},
		"no patience":                {apiserver(append(embedded, "--cluster-patience", "0s")...), []string{"--cluster-patience"}},
		"plugin that the cluster is too old for": {
			apiserver(append(embedded, "--enable-admission-plugins", "MutatingAdmissionPolicy")...),
			[]string{"--enable-admission-plugins", "MutatingAdmissionPolicy", "admissionregistration.k8s.io/v1", "upgrade the cluster"},
		},
		"unknown controller, off": {[]string{"dev", "--data-dir", t.TempDir(), "--port", "0", "--s3-address", "127.0.0.1:0", "--controllers", "*,-lokation"}, []string{"-lokation", "location"}},
		"unknown controller":      {[]string{"controller", "--controllers", "lokation", "--kubeconfig", running.Path("kubeconfig")}, []string{"lokation", "location"}},
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, test.args, nil, test.want...) })
	}

	t.Run("unreadable directory", func(t *testing.T) {
		dir := openDir(t)
		unreadable := filepath.Join(dir, "unreadable")
		if err := os.Mkdir(unreadable, 0o000); err != nil {
			t.Fatal(err)
		}
		// The superuser reads everything, so the program runs as another user.
		var user *syscall.Credential
		if os.Geteuid() == 0 {
			user = &syscall.Credential{Uid: 65534, Gid: 65534}
		}
		wantRefusal(t, []string{"dev", "--data-dir", unreadable, "--port", "0", "--s3-address", "127.0.0.1:0"}, user, unreadable, "permission denied")
	})
}

// TestUnreachableCluster starts an API server whose cluster nobody answers for: it says so once, tries for a while, and ends.
func TestUnreachableCluster(t *testing.T) {
	t.Parallel()
	cluster := startDev(t, t.TempDir())
	cluster.signal(t, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := program(ctx, apiserverArgs(t, cluster, "--embedded-etcd-dir", t.TempDir(), "--cluster-patience", "3s")...).CombinedOutput()
	if err == nil || ctx.Err() != nil {
		t.Fatalf("it started: %v\n%s", ctx.Err(), out)
	}
	if lines := strings.Count(string(out), "\n"); lines != 2 {
		t.Errorf("it printed %d lines, want one when it begins to wait, and one when it gives up:\n%s", lines, out)
	}
	devtest.WantContains(t, string(out), "does not answer; trying for 3s", "does not answer (tried for 3s)", "connection refused")
}

// openDir returns a directory that every user may enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "velero-locations-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil { // that is what it is for
		t.Fatal(err)
	}
	return dir
}

func wantRefusal(t *testing.T, args []string, user *syscall.Credential, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := program(ctx, args...)
	if user != nil { // who may not enter the directory of the test binary
		copied := filepath.Join(openDir(t), "velero-locations")
		if err := os.Link(cmd.Path, copied); err != nil {
			t.Fatal(err)
		}
		cmd.Path = copied
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	out, err := cmd.CombinedOutput()
	if err == nil || ctx.Err() != nil {
		t.Fatalf("it started: %v\n%s", ctx.Err(), out)
	}
	if lines := strings.Count(string(out), "\n"); lines != 1 {
		t.Errorf("it printed %d lines, want one:\n%s", lines, out)
	}
	devtest.WantContains(t, string(out), want...)
}
