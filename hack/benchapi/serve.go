package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"os/exec"
	"strings"

	"github.com/velero-locations/velero-locations/hack/internal/comparison"
)

// serviceName is that of the Service by which kube-apiserver knows what is behind it.
const serviceName = "velero-locations"

// serveCRDs has kube-apiserver serve velero.io by the CRDs of Velero's own release.
func (s *site) serveCRDs(ctx context.Context) error {
	manifests, err := exec.CommandContext(ctx, s.tool("velero"), "install", "--crds-only", "--dry-run", "-o", "yaml").Output()
	if err != nil {
		return fmt.Errorf("asking velero for its CRDs: %w", err)
	}
	if err := s.kubectl(ctx, string(manifests), "apply", "--server-side", "-f", "-"); err != nil {
		return err
	}
	return s.kubectl(ctx, "", "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
}

// serveOurs has kube-apiserver pass requests for velero.io on to a build of our server, which has an etcd inside.
func (s *site) serveOurs(ctx context.Context, program string) error {
	address, err := comparison.FreeAddress(ctx)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	kubeconfig := s.path("kubeconfig")
	s.directURL = "https://" + address
	err = s.serve(ctx, s.directURL, "ours", program,
		"apiserver", "--bind-address", host, "--secure-port", port, "--embedded-etcd-dir", s.path("ours"),
		"--kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
		"--tls-cert-file", s.path("ours.pem"), "--tls-private-key-file", s.path("ours.key"))
	if err != nil {
		return err
	}
	return s.register(ctx, port, "velero.io", "v1", "v2alpha1")
}

// register tells kube-apiserver of versions of a group that are served at a port of loopback.
func (s *site) register(ctx context.Context, port, group string, versions ...string) error {
	var manifests strings.Builder
	service := serviceName + "-" + port
	fmt.Fprintf(&manifests, `apiVersion: v1
kind: Service
metadata: {name: %s, namespace: %s}
spec: {type: ExternalName, externalName: localhost, ports: [{port: %s}]}
`, service, namespace, port)
	var names []string
	for i, version := range versions {
		name := version + "." + group
		names = append(names, "apiservice/"+name)
		fmt.Fprintf(&manifests, `---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: %s, labels: {kube-aggregator.kubernetes.io/automanaged: "false"}}
spec:
  group: %s
  version: %s
  groupPriorityMinimum: 1000
  versionPriority: %d
  service: {name: %s, namespace: %s, port: %s}
  insecureSkipTLSVerify: false
  caBundle: %s
`, name, group, version, 100-i, service, namespace, port, base64.StdEncoding.EncodeToString(s.authority.CertPEM))
	}
	if err := s.kubectl(ctx, manifests.String(), "apply", "-f", "-"); err != nil {
		return err
	}
	return s.kubectl(ctx, "", append([]string{"wait", "--for=condition=Available", "--timeout=60s"}, names...)...)
}
