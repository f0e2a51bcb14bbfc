// Package cluster starts what suites run against: the parts of a Kubernetes cluster that make up its API, as they are
// released, and velero-locations where it is meant to stand, behind kube-apiserver's aggregator. All of it are processes on
// loopback that are ready in seconds and end with the test.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/network"
	"github.com/velero-locations/velero-locations/internal/pki"
)

// Namespace is where Velero keeps everything.
const Namespace = "velero"

// Cluster is a Kubernetes cluster without nodes: etcd, kube-apiserver and those of Kubernetes' controllers that keep its
// API in order, as processes on loopback. The embedded Server is what its administrator has.
type Cluster struct {
	devtest.Server
	// Config is the administrator's.
	Config *rest.Config

	url, etcdURL, serverURL, s3, ec2 string
	servers, users                   *pki.Authority
	environment                      []byte
	// dial reaches our server where its URL does not say how.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	// What is started and stopped by tests.
	server, controller, velero *process
	certificates               *Replica
}

// StartKubernetes starts a cluster that knows nothing of velero.io but the namespace. It ends with the test; when the test
// fails its logs are kept. Flags are of kube-apiserver.
func StartKubernetes(tb testing.TB, flags ...string) *Cluster {
	tb.Helper()
	c := StartAPI(tb, flags...)
	c.startControllers(tb)
	return c
}

// StartAPI is StartKubernetes without controllers: nothing changes in the cluster but by requests to its API.
func StartAPI(tb testing.TB, flags ...string) *Cluster {
	tb.Helper()
	c := newCluster(tb)
	link(tb, c.Dir)
	c.startEtcd(tb)
	c.startKubeAPIServer(tb, flags...)
	c.setEnvironment(tb, [][2]string{{"KUBECONFIG", c.Path("kubeconfig")}, {"VELERO_NAMESPACE", Namespace}})
	c.Kubectl(tb, "create", "namespace", Namespace)
	return c
}

// newCluster makes a directory for a test.
func newCluster(tb testing.TB) *Cluster {
	tb.Helper()
	dir, err := os.MkdirTemp("", "velero-locations-e2e-")
	if err != nil {
		tb.Fatal(err)
	}
	c := &Cluster{Server: devtest.Server{Dir: dir}}
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("logs are in %s", c.Path("logs"))
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	if err := os.Mkdir(c.Path("logs"), 0o700); err != nil {
		tb.Fatal(err)
	}
	return c
}

// startEtcd starts an etcd that does without the disk's guarantees, which a test has no use for.
func (c *Cluster) startEtcd(tb testing.TB) {
	tb.Helper()
	address, _ := freeAddress(tb)
	peers, _ := freeAddress(tb)
	c.etcdURL = "http://" + address
	etcd := c.start(tb, "etcd", Tool(tb, "etcd"), "--data-dir", c.Path("etcd"), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", c.etcdURL, "--advertise-client-urls", c.etcdURL,
		"--listen-peer-urls", "http://"+peers, "--initial-advertise-peer-urls", "http://"+peers, "--initial-cluster", "default=http://"+peers)
	etcd.await(tb, func() error { return ready(http.DefaultClient, c.etcdURL+"/readyz") })
}

func (c *Cluster) startKubeAPIServer(tb testing.TB, flags ...string) {
	tb.Helper()
	c.servers, c.users = c.authority(tb, "serving"), c.authority(tb, "users")
	frontProxy := c.authority(tb, "front-proxy")
	c.issue(tb, c.servers, "kube-apiserver", serving("kubernetes.default.svc"))
	c.issue(tb, frontProxy, "front-proxy", client("front-proxy"))
	// Any key signs tokens; this one signs nothing else.
	tokens := c.issue(tb, c.servers, "tokens", serving("tokens"))
	c.write(tb, tokens.KeyPEM, "pki", "tokens.key")

	host := network.Address()
	address, port := free(tb, host)
	c.url = "https://" + address
	server := c.start(tb, "kube-apiserver", Tool(tb, "kube-apiserver"), append(flags,
		"--bind-address="+host, "--secure-port="+port, "--advertise-address="+host, "--endpoint-reconciler-type=none",
		"--etcd-servers="+c.etcdURL, "--etcd-prefix=/kubernetes", "--service-cluster-ip-range=10.0.0.0/24",
		"--tls-cert-file="+c.Path("pki", "kube-apiserver.pem"), "--tls-private-key-file="+c.Path("pki", "kube-apiserver.key"),
		"--client-ca-file="+c.Path("pki", "users-ca.pem"), "--authorization-mode=RBAC",
		// Its finalizers are taken away by a controller that is not there.
		"--disable-admission-plugins=StorageObjectInUseProtection",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.Path("pki", "tokens.key"), "--service-account-signing-key-file="+c.Path("pki", "tokens.key"),
		"--requestheader-client-ca-file="+c.Path("pki", "front-proxy-ca.pem"), "--requestheader-allowed-names=front-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+c.Path("pki", "front-proxy.pem"), "--proxy-client-key-file="+c.Path("pki", "front-proxy.key"))...)

	c.administrate(tb)
	client, err := rest.HTTPClientFor(c.Config)
	if err != nil {
		tb.Fatal(err)
	}
	server.await(tb, func() error { return ready(client, c.url+"/readyz") })
}

// administrate makes the administrator, whom the kubeconfig is for.
func (c *Cluster) administrate(tb testing.TB) {
	tb.Helper()
	pair := c.issue(tb, c.users, "admin", client("admin", "system:masters"))
	c.kubeconfig(tb, &clientcmdapi.AuthInfo{ClientCertificateData: pair.CertPEM, ClientKeyData: pair.KeyPEM}, "kubeconfig")
	c.Config = Config(tb, c.Server)
}

// startControllers starts the controllers of Kubernetes that have to do with objects of any kind: they empty namespaces,
// collect what owners leave behind, and put together the roles admin, edit and view.
func (c *Cluster) startControllers(tb testing.TB) {
	tb.Helper()
	c.start(tb, "kube-controllers", Tool(tb, "kube-controllers"), "-kubeconfig", c.Path("kubeconfig"))
}

// Clientset returns a client of Kubernetes' own kinds for the administrator.
func (c *Cluster) Clientset(tb testing.TB) kubernetes.Interface {
	tb.Helper()
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// ready says why a server does not answer "ok".
func ready(client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", url, err, body)
	}
	return nil
}
