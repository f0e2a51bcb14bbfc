//go:build kind

package cluster

import (
	"context"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	kindcluster "sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"
	"sigs.k8s.io/kind/pkg/exec"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/internal/pki"
	"github.com/velero-locations/velero-locations/simulator/accounts"
)

const (
	kindName = program + "-e2e"
	// Where tests reach what pods serve, on the node and on this machine.
	s3Address, serverAddress = "127.0.0.1:30900", "127.0.0.1:30843"
	// nodePorts open them.
	nodePorts = `apiVersion: v1
kind: Service
metadata: {name: s3-for-tests, namespace: velero-locations}
spec:
  type: NodePort
  selector: {app.kubernetes.io/name: velero-locations, app.kubernetes.io/component: simulator}
  ports: [{port: 9000, nodePort: 30900, targetPort: s3}]
---
apiVersion: v1
kind: Service
metadata: {name: apiserver-for-tests, namespace: velero-locations}
spec:
  type: NodePort
  selector: {app.kubernetes.io/name: velero-locations, app.kubernetes.io/component: apiserver}
  ports: [{port: 443, nodePort: 30843, targetPort: https}]
`
	kindConfig = `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  extraPortMappings:
  - {containerPort: 30900, hostPort: 30900, listenAddress: 127.0.0.1}
  - {containerPort: 30843, hostPort: 30843, listenAddress: 127.0.0.1}
`
	worker = "- role: worker\n"
)

// What a cluster is made of: `make e2e-kind` sets these.
const (
	nodeImageVariable = "NODE_IMAGE" // empty: what kind would pull
	workersVariable   = "WORKERS"    // nodes beside that of the control plane; empty: none
)

// Kind is a cluster with nodes, which kind makes, with all that the overlay simulator of deploy/ installs.
type Kind struct{ *Cluster }

// Engine returns what makes such clusters, and fails the test where there is no container engine that answers.
func Engine(tb testing.TB) *kindcluster.Provider {
	tb.Helper()
	detected, err := kindcluster.DetectNodeProvider()
	if err != nil {
		tb.Fatalf("there is no container engine to make a cluster with: %v", err)
	}
	provider := kindcluster.NewProvider(detected)
	clusters, err := provider.List()
	if err != nil {
		tb.Fatalf("the container engine does not answer, so there is no cluster to test in: %v", err)
	}
	if slices.Contains(clusters, kindName) {
		tb.Fatalf("there is a cluster %q already: if it is left from an earlier run, kind delete cluster --name %s", kindName, kindName)
	}
	return provider
}

// StartKind makes a cluster that ends with the test. Without the image of a node it says so and fails.
func StartKind(tb testing.TB) *Kind {
	tb.Helper()
	provider := Engine(tb)
	k := &Kind{newCluster(tb)}
	kubeconfig := k.Path("kind.kubeconfig")
	tb.Cleanup(func() {
		if tb.Failed() {
			if err := provider.CollectLogs(kindName, k.Path("logs")); err != nil {
				tb.Error(err)
			}
		}
		if err := provider.Delete(kindName, kubeconfig); err != nil {
			tb.Error(err)
		}
	})
	err := provider.Create(kindName, kindcluster.CreateWithRawConfig([]byte(kindConfig+strings.Repeat(worker, workers(tb)))),
		kindcluster.CreateWithNodeImage(os.Getenv(nodeImageVariable)), kindcluster.CreateWithKubeconfigPath(kubeconfig),
		kindcluster.CreateWithWaitForReady(5*time.Minute))
	if err != nil {
		tb.Fatalf("there is no cluster, perhaps for want of the image of a node, which `make node-image` makes: %v", err)
	}
	all, err := provider.ListInternalNodes(kindName)
	if err != nil {
		tb.Fatal(err)
	}
	for _, node := range all {
		loadImage(tb, node)
	}
	first, err := nodeutils.BootstrapControlPlaneNode(all)
	if err != nil {
		tb.Fatal(err)
	}
	k.layOut(tb, first, kubeconfig)
	k.install(tb)
	return k
}

func workers(tb testing.TB) int {
	tb.Helper()
	text := os.Getenv(workersVariable)
	if text == "" {
		return 0
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 0 {
		tb.Fatalf("%s is %q: it must be a number of nodes, such as 2", workersVariable, text)
	}
	return number
}

// loadImage puts the image that `make image` has made onto a node.
func loadImage(tb testing.TB, node nodes.Node) {
	tb.Helper()
	image, err := os.Open(filepath.Join(Repository(tb), "bin", "image.tar"))
	if err != nil {
		tb.Fatalf("%v: run `make image`", err)
	}
	defer func() { _ = image.Close() }()
	if err := nodeutils.LoadImageArchive(node, image); err != nil {
		tb.Fatalf("loading the image: %v", err)
	}
}

// layOut lays out the cluster's directory as for processes on loopback. Users have certificates of the cluster's own authority,
// which a node of the control plane has the key of.
func (k *Kind) layOut(tb testing.TB, node nodes.Node, kubeconfig string) {
	tb.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		tb.Fatal(err)
	}
	k.url = config.Host
	k.write(tb, config.CAData, "pki", "serving-ca.pem")
	var authority [2][]byte
	for i, file := range []string{"ca.crt", "ca.key"} {
		if authority[i], err = exec.Output(node.Command("cat", "/etc/kubernetes/pki/"+file)); err != nil {
			tb.Fatalf("reading the authority of the cluster: %v", err)
		}
	}
	if k.users, err = pki.Parse(authority[0], authority[1]); err != nil {
		tb.Fatalf("reading the authority of the cluster: %v", err)
	}
	link(tb, k.Dir)
	k.administrate(tb)
	// These are known to the simulator by the overlay.
	k.writeKeys(tb, accounts.Key{ID: "AKIAPRIMARY", Secret: "primary-secret"}, accounts.Key{ID: "AKIASECONDARY", Secret: "secondary-secret"})
	k.setEnvironment(tb, [][2]string{
		{"KUBECONFIG", k.Path("kubeconfig")},
		{"VELERO_NAMESPACE", Namespace},
		{"AWS_SHARED_CREDENTIALS_FILE", k.Path("credentials")},
		{"AWS_ENDPOINT_URL_S3", "http://" + s3Address},
		// What is downloaded has the address that pods know the simulator by. It answers to that here, too, when it is asked as a proxy.
		{"HTTP_PROXY", "http://" + s3Address},
	})
}

// install applies the overlay and waits until all of it works.
func (k *Kind) install(tb testing.TB) {
	tb.Helper()
	k.Install(tb, "simulator")
	k.KubectlWith(tb, nodePorts, "apply", "-f", "-")
	k.rollOut(tb, "statefulset/velero-locations")
	k.wait(tb, "wait", "--for=condition=Available", "--timeout=5m", "apiservice/v1.velero.io", "apiservice/v2alpha1.velero.io")
	k.rollOut(tb, "deployment/velero-locations-controller")

	encoded := k.Kubectl(tb, "get", "secret", "velero-locations-serving", "-n", home, "-o", `jsonpath={.data.ca\.crt}`)
	ours, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		tb.Fatal(err)
	}
	theirs, err := os.ReadFile(k.ServingCA())
	if err != nil {
		tb.Fatal(err)
	}
	k.write(tb, slices.Concat(theirs, []byte("\n"), ours), "pki", "serving-ca.pem")
	host := program + "." + home + ".svc:443"
	k.serverURL = "https://" + host
	k.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == host {
			address = serverAddress
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// Reset leaves nothing of what was done in Velero's namespace and in the storage, and waits until locations are checked again.
func (k *Kind) Reset(tb testing.TB) {
	tb.Helper()
	k.wait(tb, "delete", "namespace", Namespace, "--ignore-not-found", "--timeout=5m")
	k.Kubectl(tb, "apply", "-f", filepath.Join(Repository(tb), "deploy", "components", "simulator", "velero.yaml"))
	k.Kubectl(tb, "rollout", "restart", "-n", home, "deployment/velero-locations-simulator")
	k.rollOut(tb, "deployment/velero-locations-simulator")
	k.KubectlWith(tb, devtest.Location("first", "us-east-1", "", "first"), "apply", "-f", "-")
	k.wait(tb, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/first", "--timeout=5m")
	k.Kubectl(tb, "delete", "bsl", "first")
}

// StopServer takes the pod of our server away.
func (k *Kind) StopServer(tb testing.TB) {
	tb.Helper()
	k.Kubectl(tb, "scale", "statefulset/velero-locations", "-n", home, "--replicas=0")
	k.wait(tb, "wait", "--for=delete", "pod/velero-locations-0", "-n", home, "--timeout=5m")
}

// StartServer brings the pod of our server back.
func (k *Kind) StartServer(tb testing.TB) {
	tb.Helper()
	k.Kubectl(tb, "scale", "statefulset/velero-locations", "-n", home, "--replicas=1")
	k.rollOut(tb, "statefulset/velero-locations")
}

func (k *Kind) rollOut(tb testing.TB, workload string) {
	tb.Helper()
	k.wait(tb, "rollout", "status", "-n", home, workload, "--timeout=5m")
}

// wait runs a kubectl that may take longer than those of sessions.
func (k *Kind) wait(tb testing.TB, args ...string) {
	tb.Helper()
	if out, err := k.Command(context.Background(), args...).CombinedOutput(); err != nil {
		tb.Fatalf("kubectl %s: %v\n%s\n%s", strings.Join(args, " "), err, out, k.Kubectl(tb, "get", "pods", "-n", home, "-o", "wide"))
	}
}
