//go:build kind

package cluster

import (
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

	"github.com/velero-locations/velero-locations/internal/pki"
	"github.com/velero-locations/velero-locations/simulator/accounts"
)

const (
	kindName = program + "-e2e"
	// Where tests reach what pods serve, on the node and on this machine.
	s3Address, serverAddress = "127.0.0.1:30900", "127.0.0.1:30843"
	kindConfig               = `kind: Cluster
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

// Kind is a cluster with nodes, which kind makes.
type Kind struct {
	*Cluster
	nodes []nodes.Node
}

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

// StartKind makes a cluster with all that the overlay simulator of deploy/ installs.
func StartKind(tb testing.TB) *Kind {
	tb.Helper()
	k := StartNodes(tb)
	k.Install(tb, "simulator")
	k.Reach(tb)
	return k
}

// StartNodes makes a cluster that ends with the test, in which nothing is installed. Without the image of a node it says so and fails.
func StartNodes(tb testing.TB) *Kind {
	tb.Helper()
	provider := Engine(tb)
	k := &Kind{Cluster: newCluster(tb)}
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
	if k.nodes, err = provider.ListInternalNodes(kindName); err != nil {
		tb.Fatal(err)
	}
	k.Load(tb, "image")
	first, err := nodeutils.BootstrapControlPlaneNode(k.nodes)
	if err != nil {
		tb.Fatal(err)
	}
	k.layOut(tb, first, kubeconfig)
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

// Load puts images onto all nodes that `make image` and `make images-for-nodes` have made, by the names of their archives.
func (k *Kind) Load(tb testing.TB, archives ...string) {
	tb.Helper()
	for _, archive := range archives {
		for _, node := range k.nodes {
			load(tb, node, filepath.Join(Repository(tb), "bin", archive+".tar"))
		}
	}
}

func load(tb testing.TB, node nodes.Node, archive string) {
	tb.Helper()
	image, err := os.Open(archive)
	if err != nil {
		tb.Fatalf("%v: run `make image images-for-nodes`", err)
	}
	defer func() { _ = image.Close() }()
	if err := nodeutils.LoadImageArchive(node, image); err != nil {
		tb.Fatalf("loading %s: %v", archive, err)
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
