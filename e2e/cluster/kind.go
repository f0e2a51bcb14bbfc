//go:build kind

// Package kind has the suite that runs in a cluster with nodes, which kind makes.
package kind

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	kindcluster "sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"

	"github.com/velero-locations/velero-locations/dev/devtest"
)

const (
	clusterName = "velero-locations-e2e"
	// name of what is installed, and of its namespace.
	name = "velero-locations"
	// s3Port of the node is where tests reach the simulated S3.
	s3Port = 30900
	// s3Service opens it.
	s3Service = `apiVersion: v1
kind: Service
metadata: {name: s3-for-tests, namespace: velero-locations}
spec:
  type: NodePort
  selector: {app.kubernetes.io/name: velero-locations, app.kubernetes.io/component: simulator}
  ports: [{port: 9000, nodePort: 30900, targetPort: s3}]
`
)

// TestKind installs the overlay with simulated storage, and runs the sessions that tests of `velero-locations dev` run.
func TestKind(t *testing.T) {
	c := start(t)
	c.install(t)
	for name, session := range devtest.Sessions {
		t.Run(name, func(t *testing.T) {
			c.reset(t)
			session(t, c.Server)
		})
	}
}

// kind is a cluster of one node, with the commands and credentials of sessions in its directory.
type kind struct {
	devtest.Server
	repository string
}

// engine returns what makes clusters, and fails the test where there is no container engine that answers.
func engine(t *testing.T) *kindcluster.Provider {
	t.Helper()
	detected, err := kindcluster.DetectNodeProvider()
	if err != nil {
		t.Fatalf("there is no container engine to make a cluster with: %v", err)
	}
	provider := kindcluster.NewProvider(detected)
	clusters, err := provider.List()
	if err != nil {
		t.Fatalf("the container engine does not answer, so there is no cluster to test in: %v", err)
	}
	if slices.Contains(clusters, clusterName) {
		t.Fatalf("there is a cluster %q already: if it is left from an earlier run, kind delete cluster --name %s", clusterName, clusterName)
	}
	return provider
}

// TestEngine fails at once where TestKind could not run, before anything is built for it.
func TestEngine(t *testing.T) { engine(t) }

// start makes a cluster that ends with the test. Without the image of a node it says so and fails.
func start(t *testing.T) *kind {
	t.Helper()
	provider := engine(t)
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	k := &kind{Server: devtest.Server{Dir: t.TempDir()}, repository: repository}
	t.Cleanup(func() {
		if err := provider.Delete(clusterName, k.Path("kubeconfig")); err != nil {
			t.Error(err)
		}
	})
	config := fmt.Sprintf(`kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  extraPortMappings: [{containerPort: %d, hostPort: %d, listenAddress: 127.0.0.1}]
`, s3Port, s3Port)
	err = provider.Create(clusterName, kindcluster.CreateWithRawConfig([]byte(config)), kindcluster.CreateWithKubeconfigPath(k.Path("kubeconfig")),
		kindcluster.CreateWithWaitForReady(5*time.Minute))
	if err != nil {
		t.Fatalf("there is no cluster, perhaps for want of the image of a node: %v", err)
	}
	k.load(t, provider)
	k.lay(t)
	return k
}

// load puts the image that `make image` has made onto the nodes.
func (k *kind) load(t *testing.T, provider *kindcluster.Provider) {
	t.Helper()
	nodes, err := provider.ListInternalNodes(clusterName)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range nodes {
		image, err := os.Open(filepath.Join(k.repository, "bin", "image.tar"))
		if err != nil {
			t.Fatalf("%v: run `make image`", err)
		}
		if err := nodeutils.LoadImageArchive(node, image); err != nil {
			t.Fatalf("loading the image: %v", err)
		}
		if err := image.Close(); err != nil {
			t.Error(err)
		}
	}
}

// lay lays out the directory as `velero-locations dev` does.
func (k *kind) lay(t *testing.T) {
	t.Helper()
	const profile = "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
	primary, secondary := []any{"AKIAPRIMARY", "primary-secret"}, []any{"AKIASECONDARY", "secondary-secret"}
	file := func(profileName string, key []any) string {
		return fmt.Sprintf(profile, append([]any{profileName}, key...)...)
	}
	for path, content := range map[string]string{
		"accounts/primary":   file("default", primary),
		"accounts/secondary": file("default", secondary),
		"credentials":        file("default", primary) + file("primary", primary) + file("secondary", secondary),
		"env": fmt.Sprintf("export KUBECONFIG='%s'\nexport VELERO_NAMESPACE='velero'\nexport AWS_SHARED_CREDENTIALS_FILE='%s'\nexport AWS_ENDPOINT_URL_S3='http://127.0.0.1:%d'\n",
			k.Path("kubeconfig"), k.Path("credentials"), s3Port),
	} {
		if err := os.MkdirAll(filepath.Dir(k.Path(path)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(k.Path(path), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(k.Path("bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	for command, path := range map[string]string{"kubectl": "hack/tools/bin/kubectl", "velero": "hack/tools/bin/velero", name: "bin/linux/velero-locations"} {
		if err := os.Symlink(filepath.Join(k.repository, path), k.Path("bin", command)); err != nil {
			t.Fatal(err)
		}
	}
	k.Kubectl(t, "config", "set-context", "--current", "--namespace=velero")
}

// overlay is what is installed.
func (k *kind) overlay() string {
	return filepath.Join(k.repository, "deploy", "overlays", "simulator")
}

// install applies the overlay and waits until all of it works.
func (k *kind) install(t *testing.T) {
	t.Helper()
	k.Kubectl(t, "apply", "-k", k.overlay())
	k.KubectlWith(t, s3Service, "apply", "-f", "-")
	k.wait(t, "rollout", "status", "-n", name, "statefulset/velero-locations", "--timeout=5m")
	k.wait(t, "wait", "--for=condition=Available", "--timeout=5m", "apiservice/v1.velero.io", "apiservice/v2alpha1.velero.io")
	k.wait(t, "rollout", "status", "-n", name, "deployment/velero-locations-controller", "--timeout=5m")
}

// reset leaves nothing of what was done in the API and in the storage.
func (k *kind) reset(t *testing.T) {
	t.Helper()
	k.wait(t, "delete", "namespace", "velero", "--ignore-not-found", "--timeout=5m")
	k.Kubectl(t, "apply", "-f", filepath.Join(k.overlay(), "velero.yaml"))
	k.Kubectl(t, "rollout", "restart", "-n", name, "deployment/velero-locations-simulator")
	k.wait(t, "rollout", "status", "-n", name, "deployment/velero-locations-simulator", "--timeout=5m")
}

// wait runs a kubectl that may take longer than those of sessions.
func (k *kind) wait(t *testing.T, args ...string) {
	t.Helper()
	if out, err := k.Command(t.Context(), args...).CombinedOutput(); err != nil {
		t.Fatalf("kubectl %s: %v\n%s\n%s", strings.Join(args, " "), err, out, k.pods(t))
	}
}

// pods says how the pods are, and what those say that do not run.
func (k *kind) pods(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `kubectl get pods -n velero-locations -o wide; kubectl logs -n velero-locations -l app.kubernetes.io/name=velero-locations --prefix --tail=30`)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+k.Path("kubeconfig"), "PATH="+k.Path("bin")+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%s%v", out, err)
	}
	return string(out)
}
