package cluster

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/velero-locations/velero-locations/apiserver"
)

// program and home name our server in the cluster, and the namespace that it is deployed to.
const (
	program = "velero-locations"
	home    = "velero-locations"
	// serviceName is what kube-apiserver expects of our server's certificate.
	serviceName = program + "." + home + ".svc"
)

// Start starts a cluster whose API of velero.io is served by velero-locations, with its controllers and simulated storage.
// The server has the rights that deploy/ gives it, and an embedded etcd.
func Start(tb testing.TB) *Cluster {
	tb.Helper()
	c := StartKubernetes(tb)
	c.Deploy(tb, "--embedded-etcd-dir", c.Path("velero-etcd"))
	return c
}

// Deploy serves velero.io in the cluster with an etcd that flags of the server name, and starts the controllers and the
// simulated storage.
func (c *Cluster) Deploy(tb testing.TB, etcd ...string) {
	tb.Helper()
	c.startSimulator(tb)
	c.Serve(tb, etcd...)
	c.StartController(tb)
	c.giveKeys(tb)
}

// giveKeys puts the first account's key where locations that name no other find it.
func (c *Cluster) giveKeys(tb testing.TB) {
	tb.Helper()
	c.Kubectl(tb, "create", "secret", "generic", "cloud-credentials", "-n", Namespace, "--from-file=cloud="+c.Path("accounts", "primary"))
}

// Serve is Deploy of our server alone.
func (c *Cluster) Serve(tb testing.TB, etcd ...string) {
	tb.Helper()
	c.prepare(tb)
	c.issue(tb, c.servers, program, serving(serviceName))
	address, port := freeAddress(tb)
	c.serverURL = "https://" + address
	c.StartServer(tb, etcd...)
	ca, err := os.ReadFile(c.ServingCA())
	if err != nil {
		tb.Fatal(err)
	}
	c.register(tb, fmt.Sprintf("{type: ExternalName, externalName: localhost, ports: [{port: %s}]}", port), port, ca)
	c.awaitServed(tb)
}

// prepare gives our server and the controllers their rights and identities.
func (c *Cluster) prepare(tb testing.TB) {
	tb.Helper()
	c.Kubectl(tb, "create", "namespace", home)
	for _, rights := range []string{"base", "components/all-namespaces", "components/backups"} {
		c.Kubectl(tb, "apply", "-f", filepath.Join(Repository(tb), "deploy", rights, "rbac.yaml"))
	}
	c.serviceAccount(tb, "velero-locations")
	c.serviceAccount(tb, "velero-locations-controller")
}

// ServerURL is where our server answers when it is asked directly.
func (c *Cluster) ServerURL() string { return c.serverURL }

// Client returns a client that trusts kube-apiserver and our server, and shows the certificate of a user whom As has made; of
// none, if the name is empty.
func (c *Cluster) Client(tb testing.TB, user string) *http.Client {
	tb.Helper()
	config := rest.TLSClientConfig{CAFile: c.ServingCA()}
	if user != "" {
		config.CertFile, config.KeyFile = c.Path("pki", user+".pem"), c.Path("pki", user+".key")
	}
	client, err := rest.HTTPClientFor(&rest.Config{TLSClientConfig: config, Dial: c.dial})
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// serviceAccount writes a kubeconfig NAME.kubeconfig for a service account of our namespace.
func (c *Cluster) serviceAccount(tb testing.TB, name string) {
	tb.Helper()
	token, err := c.Clientset(tb).CoreV1().ServiceAccounts(home).CreateToken(context.Background(), name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	c.kubeconfig(tb, &clientcmdapi.AuthInfo{Token: token.Status.Token}, name+".kubeconfig")
}

// StartServer starts our server, for the first time or after StopServer, and waits until it is ready.
func (c *Cluster) StartServer(tb testing.TB, etcd ...string) {
	tb.Helper()
	c.server = c.startServer(tb, "velero-locations-apiserver", strings.TrimPrefix(c.serverURL, "https://"), etcd...)
	client := c.Client(tb, "")
	c.server.await(tb, func() error { return ready(client, c.serverURL+"/readyz") })
}

// startServer starts a process of our server.
func (c *Cluster) startServer(tb testing.TB, name, address string, flags ...string) *process {
	tb.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		tb.Fatal(err)
	}
	kubeconfig := c.Path("velero-locations.kubeconfig")
	args := []string{
		"apiserver", "--bind-address", host, "--secure-port", port,
		"--kubeconfig", kubeconfig, "--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig,
		"--tls-cert-file", c.Path("pki", program+".pem"), "--tls-private-key-file", c.Path("pki", program+".key"),
	}
	return c.start(tb, name, Tool(tb, program), append(args, flags...)...)
}

// StopServer stops our server as Kubernetes does.
func (c *Cluster) StopServer(tb testing.TB) {
	tb.Helper()
	c.server.stop(tb)
}

// register tells the aggregator of all versions that our server serves, by a Service that is given as YAML, and whose certificates to trust.
func (c *Cluster) register(tb testing.TB, service, port string, trusted []byte) {
	tb.Helper()
	var manifests strings.Builder
	fmt.Fprintf(&manifests, `apiVersion: v1
kind: Service
metadata: {name: %s, namespace: %s}
spec: %s
`, program, home, service)
	for i, version := range Versions(tb) {
		fmt.Fprintf(&manifests, `---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata:
  name: %s
  labels: {kube-aggregator.kubernetes.io/automanaged: "false"}
spec:
  group: %s
  version: %s
  groupPriorityMinimum: 1000
  versionPriority: %d
  service: {name: %s, namespace: %s, port: %s}
  caBundle: %s
`, apiService(version), version.Group, version.Version, 100-i, program, home, port, base64.StdEncoding.EncodeToString(trusted))
	}
	c.KubectlWith(tb, manifests.String(), "apply", "-f", "-")
}

// awaitServed waits until the aggregator reaches what register told it of.
func (c *Cluster) awaitServed(tb testing.TB) {
	tb.Helper()
	args := []string{"wait", "--for=condition=Available", "--timeout=30s"}
	for _, version := range Versions(tb) {
		args = append(args, "apiservice/"+apiService(version))
	}
	c.Kubectl(tb, args...)
}

// apiService is the name of a version's APIService.
func apiService(version schema.GroupVersion) string { return version.Version + "." + version.Group }

// Versions are the group-versions that our server serves, the preferred one first.
func Versions(tb testing.TB) []schema.GroupVersion {
	tb.Helper()
	api, err := apiserver.NewAPI(apiserver.Velero)
	if err != nil {
		tb.Fatal(err)
	}
	found := sets.New[schema.GroupVersion]()
	var ordered []schema.GroupVersion
	for _, kind := range api.Kinds {
		if version := kind.GroupVersionResource().GroupVersion(); !found.Has(version) {
			found.Insert(version)
			ordered = append(ordered, version)
		}
	}
	return ordered
}

// StartController starts our controllers, for the first time or after StopController.
func (c *Cluster) StartController(tb testing.TB) {
	tb.Helper()
	c.controller = c.startController(tb, "velero-locations-controller")
}

// startController starts a process of our controllers.
func (c *Cluster) startController(tb testing.TB, name string, flags ...string) *process {
	tb.Helper()
	args := []string{
		"controller", "--kubeconfig", c.Path("velero-locations-controller.kubeconfig"),
		"--default-s3-endpoint", c.s3, "--default-volume-endpoints", "aws=" + c.ec2,
	}
	return c.start(tb, name, Tool(tb, program), append(args, flags...)...)
}

// StopController stops our controllers as Kubernetes does.
func (c *Cluster) StopController(tb testing.TB) {
	tb.Helper()
	c.controller.stop(tb)
}

// setEnvironment writes the file that a shell sources to work with the cluster.
func (c *Cluster) setEnvironment(tb testing.TB, variables [][2]string) {
	tb.Helper()
	var b bytes.Buffer
	for _, v := range variables {
		fmt.Fprintf(&b, "export %s='%s'\n", v[0], v[1])
	}
	c.environment = b.Bytes()
	c.write(tb, c.environment, "env")
}
