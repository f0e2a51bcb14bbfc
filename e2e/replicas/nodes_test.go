//go:build kind

package replicas

import (
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// nodeFaults are what happens to servers on nodes.
var nodeFaults = []struct {
	name     string
	harm     func(t *testing.T, k *cluster.Kind)
	harmless bool // no request may fail
}{
	{"none", func(*testing.T, *cluster.Kind) { time.Sleep(suspension) }, true},
	{"a server is killed (kill -9 on its node)", serverKilled, false},
	{"the pod of a server is deleted", podDeleted, true},
	{"a new version is rolled out (kubectl rollout restart)", restartedByDeployment, true},
	{"a node is drained, with its server and its member of etcd", nodeDrained, true},
}

const (
	ours          = "velero-locations"
	serverPods    = "app.kubernetes.io/component=apiserver"
	deployment    = "deployment/" + ours
	onControlNode = "node-role.kubernetes.io/control-plane"
)

// TestReplicasKind does to three servers on three nodes what those do who run a cluster.
func TestReplicasKind(t *testing.T) {
	k := cluster.StartNodes(t)
	nodes := strings.Fields(k.Kubectl(t, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"))
	if len(nodes) < size {
		t.Skipf("there are %d nodes, and %d are needed: make e2e-kind WORKERS=%d", len(nodes), size, size-1)
	}
	k.Load(t, "etcd")
	k.Kubectl(t, "taint", "nodes", "-l", onControlNode, onControlNode+"-")
	k.Kubectl(t, "create", "namespace", cluster.Namespace)
	k.Kubectl(t, "apply", "-f", "testdata/etcd.yaml")
	k.Install(t, "external-etcd")
	k.EtcdKeys(t, "etcd-client.etcd.svc", "*.etcd.etcd.svc")
	k.RollOut(t, "etcd", "statefulset/etcd")
	k.Kubectl(t, "scale", deployment, "-n", ours, "--replicas=3")
	k.AwaitServer(t, "deployment")
	load := startLoad(t, k.Config)

	var results []*result
	for _, f := range nodeFaults {
		if !strings.Contains(f.name, *only) {
			continue
		}
		total := &result{fault: f.name}
		for range max(1, *rounds) {
			load.begin()
			f.harm(t, k)
			total.add(load.end(t))
		}
		total.check(t, f.harmless)
		results = append(results, total)
	}
	t.Log(table(results))
}

// aServer returns the pod of one of the servers, and its node, which is none of the control plane.
func aServer(t *testing.T, k *cluster.Kind) (pod, node string) {
	t.Helper()
	const columns = `jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName}{"\n"}{end}`
	for line := range strings.Lines(k.Kubectl(t, "get", "pods", "-n", ours, "-l", serverPods, "--field-selector=status.phase=Running", "-o", columns)) {
		if pod, node, _ = strings.Cut(strings.TrimSpace(line), " "); !strings.HasSuffix(node, "control-plane") {
			return pod, node
		}
	}
	t.Fatal("there is no server on a worker")
	return "", ""
}

func serverKilled(t *testing.T, k *cluster.Kind) {
	t.Helper()
	pod, node := aServer(t, k)
	restarts := func() string {
		return k.Kubectl(t, "get", "pod", pod, "-n", ours, "-o", "jsonpath={.status.containerStatuses[0].restartCount}")
	}
	before := restarts()
	k.OnNode(t, node, "pkill", "-9", "-f", "^/velero-locations apiserver")
	devtest.Poll(t, 2*time.Minute, "the server to be started again", func() bool { return restarts() != before })
	k.RollOut(t, ours, deployment)
}

func podDeleted(t *testing.T, k *cluster.Kind) {
	t.Helper()
	pod, _ := aServer(t, k)
	k.Wait(t, "delete", "pod", pod, "-n", ours, "--timeout=3m")
	k.RollOut(t, ours, deployment)
}

func restartedByDeployment(t *testing.T, k *cluster.Kind) {
	t.Helper()
	k.Kubectl(t, "rollout", "restart", deployment, "-n", ours)
	k.RollOut(t, ours, deployment)
	k.Wait(t, "wait", "--for=delete", "pod", "-n", ours, "-l", serverPods, "--field-selector=status.phase!=Running", "--timeout=3m")
}

func nodeDrained(t *testing.T, k *cluster.Kind) {
	t.Helper()
	_, node := aServer(t, k)
	k.Wait(t, "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=5m")
	k.Kubectl(t, "uncordon", node)
	k.RollOut(t, "etcd", "statefulset/etcd")
	k.RollOut(t, ours, deployment)
}
