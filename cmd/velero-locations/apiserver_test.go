package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/velero-locations/velero-locations/apiserver/etcd"
	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/generated/clientset/versioned"
	"github.com/velero-locations/velero-locations/internal/pki"
)

// apiserverArgs let an API server ask a dev server about users, namespaces and Secrets, as it asks
// kube-apiserver in a cluster, and serve with a certificate of the dev server's authority.
func apiserverArgs(t *testing.T, cluster *server, flags ...string) []string {
	t.Helper()
	authority, err := pki.Load(cluster.Path("ca.pem"), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Serving()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	if err := errors.Join(os.WriteFile(certificate, pair.CertPEM, 0o600), os.WriteFile(key, pair.KeyPEM, 0o600)); err != nil {
		t.Fatal(err)
	}
	kubeconfig := cluster.Path("kubeconfig")
	return append([]string{
		"apiserver", "--kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
		"--tls-cert-file", certificate, "--tls-private-key-file", key,
	}, flags...)
}

// startAPIServer starts `velero-locations apiserver` in front of a dev server that serves as its cluster: an old
// one, without policies, priorities, and reviews of tokens and access.
func startAPIServer(t *testing.T, cluster *server, etcdFlags ...string) *server {
	t.Helper()
	port := freePort(t)
	s := newServer(t.TempDir())
	args := apiserverArgs(t, cluster, "--bind-address", "127.0.0.1", "--secure-port", port,
		"--authentication-skip-lookup", "--client-ca-file", cluster.Path("ca.pem"))
	s.process = program(context.Background(), append(args, etcdFlags...)...)
	s.process.Stdout, s.process.Stderr = s.output, s.output
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.exited <- s.process.Wait() }()
	t.Cleanup(func() { s.signal(t, syscall.SIGKILL) })

	if err := os.Symlink(cluster.Path("bin"), s.Path("bin")); err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.LoadFromFile(cluster.Path("kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range config.Clusters {
		target.Server = "https://127.0.0.1:" + port
	}
	if err := clientcmd.WriteToFile(*config, s.Path("kubeconfig")); err != nil {
		t.Fatal(err)
	}
	devtest.Poll(t, time.Minute, "the API server to be ready", func() bool {
		select {
		case err := <-s.exited:
			t.Fatalf("the API server ended: %v\n%s", err, s.output)
		default:
		}
		return s.Run(t, "", "get", "--raw", "/readyz").Stdout == "ok"
	})
	return s
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

func TestAPIServer(t *testing.T) {
	t.Parallel()
	cluster := startDev(t, t.TempDir())
	dir := t.TempDir()
	s := startAPIServer(t, cluster, "--embedded-etcd-dir", dir)
	s.KubectlWith(t, devtest.Location("east", "us-east-1", "", ""), "apply", "-f", "-")
	devtest.WantContains(t, s.Kubectl(t, "get", "bsl", "-A"), "velero", "east")
	if got := cluster.Kubectl(t, "get", "bsl", "-A", "-o", "name"); got != "" {
		t.Errorf("the location is in the cluster's own API too: %q", got)
	}
	got := s.Run(t, strings.Replace(devtest.Location("east", "us-east-1", "", ""), "namespace: velero", "namespace: nowhere", 1), "apply", "-f", "-")
	if got.Code == 0 || !strings.Contains(got.Stderr, `namespaces "nowhere" not found`) {
		t.Errorf("a location in no namespace of the cluster: exit code %d, %s", got.Code, got.Stderr)
	}
	if got := s.Run(t, "", "get", "secrets"); got.Code == 0 {
		t.Error("the aggregated server serves Secrets")
	}
	s.signal(t, syscall.SIGTERM)
	for _, left := range []string{"MutatingAdmissionPolicy", "ValidatingAdmissionPolicy", "MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"} {
		if got := strings.Count(s.output.String(), "Admission plugin "+left+" is left out: the cluster does not serve admissionregistration.k8s.io/v1"); got != 1 {
			t.Errorf("%d lines say that %s is left out, want one", got, left)
		}
	}
	devtest.WantContains(t, s.output.String(), "the cluster does not serve flowcontrol.apiserver.k8s.io/v1")

	s = startAPIServer(t, cluster, "--embedded-etcd-dir", dir)
	devtest.WantContains(t, s.Kubectl(t, "get", "bsl", "-A"), "velero", "east")
}

// TestServersShareEtcd runs two servers on one etcd that runs outside both.
func TestServersShareEtcd(t *testing.T) {
	t.Parallel()
	options := etcd.NewOptions()
	options.Dir = t.TempDir()
	backend, err := etcd.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Close)
	cluster := startDev(t, t.TempDir())
	one := startAPIServer(t, cluster, "--etcd-servers", backend.Endpoint())
	two := startAPIServer(t, cluster, "--etcd-servers", backend.Endpoint())
	watched := two.Watch(t, "get", "bsl", "-A", "-w")
	one.KubectlWith(t, devtest.Location("east", "us-east-1", "", ""), "apply", "-f", "-")
	watched.WantLine(t, "east")

	// Many clients of both servers make a location the default at once: one is it in the end.
	const setters = 100
	clients := []versioned.Interface{one.client(t), two.client(t)}
	var group errgroup.Group
	for i := range setters {
		group.Go(func() error { return makeDefault(clients[i%2], fmt.Sprintf("location-%d", i)) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for i, client := range clients {
		if got := defaults(t, client); len(got) != 1 {
			t.Errorf("server %d says the defaults are %v", i, got)
		}
	}
}
