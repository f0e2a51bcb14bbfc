//go:build kind

package replicas

import (
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
	"github.com/velero-locations/velero-locations/simulator/control"
)

// nodeFaults are what happens to servers, members of etcd and controllers on nodes.
var nodeFaults = []struct {
	name     string
	harm     func(t *testing.T, s *nodeStage)
	harmless bool // no request may fail
	failover bool // backups are made meanwhile, since it is controllers that are harmed
	routed   bool // kube-apiserver chooses among servers for each request; from the first of these rows on
}{
	{name: "none", harm: func(*testing.T, *nodeStage) { time.Sleep(suspension) }, harmless: true},
	{name: "a server is killed (kill -9 on its node)", harm: serverKilled},
	{name: "the pod of a server is deleted", harm: podDeleted, harmless: true},
	{name: "a new version is rolled out (kubectl rollout restart)", harm: restartedByDeployment, harmless: true},
	{name: "the pod of a server is cut off", harm: serverCutOff},
	{name: "the pod of the leader of etcd is cut off", harm: etcdLeaderCutOff},
	{name: "the pod of another member of etcd is cut off", harm: etcdFollowerCutOff},
	{name: "a node is cut off, with its server and its member of etcd", harm: nodeCutOff},
	{name: "the controller that works is killed (kill -9 on its node)", harm: controllerKilledOnNode, harmless: true, failover: true},
	{name: "the pod of the controller that works is deleted", harm: controllerDeleted, harmless: true, failover: true},
	{name: "the node of the controller that works is cut off", harm: controllerCutOff, failover: true},
	{name: "the node of the controller that works is drained", harm: controllerDrained, harmless: true, failover: true},
	{name: "a node is drained, with its server and its member of etcd", harm: nodeDrained, harmless: true},
	{name: "the pod of a server is cut off, with " + routing, harm: serverCutOff, routed: true},
	{name: "the node of the controller that works is cut off, with " + routing, harm: controllerCutOff, failover: true, routed: true},
}

// routing is a flag of kube-apiserver.
const routing = "--enable-aggregator-routing"

const (
	ours          = "velero-locations"
	serverPods    = "app.kubernetes.io/component=apiserver"
	deployment    = "deployment/" + ours
	controllers   = ours + "-controller"
	members       = "statefulset/etcd"
	onControlNode = "node-role.kubernetes.io/control-plane"
)

// nodeStage is where harm is done on nodes.
type nodeStage struct {
	*cluster.Kind
	simulator *control.Client
	failovers []failover
	routed    bool // kube-apiserver has the flag
}

// TestReplicasKind does to three servers, three members of etcd and two controllers on three nodes what happens to those who run a cluster.
func TestReplicasKind(t *testing.T) {
	s := startNodeStage(t)
	load := startLoad(t, s.Config)
	var results []*result
	defer func() { t.Log(table(results), failoverTable(s.failovers)) }()
	for _, f := range nodeFaults {
		if !strings.Contains(f.name, *only) {
			continue
		}
		if f.routed && !s.routed {
			s.route(t)
		}
		total := &result{fault: f.name}
		for range max(1, *rounds) {
			load.begin()
			if f.failover {
				s.failOver(t, f.name, f.harm)
			} else {
				f.harm(t, s)
			}
			s.settle(t)
			total.add(load.end(t))
		}
		total.check(t, f.harmless)
		results = append(results, total)
	}
}

// apart is a patch that has controllers, once there are any again, on different nodes that can be taken away.
const apart = `{"spec":{"replicas":0,"template":{"spec":{"affinity":{
"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"` + onControlNode + `","operator":"DoesNotExist"}]}]}},
"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app.kubernetes.io/component":"controller"}}}]}}}}}}`

// startNodeStage installs what there is several of on different nodes. The simulated storage has the node that no harm is done to.
func startNodeStage(t *testing.T) *nodeStage {
	t.Helper()
	k := cluster.StartNodes(t)
	nodes := strings.Fields(k.Kubectl(t, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"))
	if len(nodes) < size {
		t.Skipf("there are %d nodes, and %d are needed: make e2e-kind WORKERS=%d", len(nodes), size, size-1)
	}
	k.Load(t, "etcd")
	k.Kubectl(t, "taint", "nodes", "-l", onControlNode, onControlNode+"-")
	k.Kubectl(t, "apply", "-f", "testdata/etcd.yaml")
	k.InstallWith(t, "external-etcd", "backups", "simulator")
	k.Kubectl(t, "patch", "deployment/velero-locations-simulator", "-n", ours, "-p", `{"spec":{"template":{"spec":{"nodeSelector":{"`+onControlNode+`":""}}}}}`)
	k.Kubectl(t, "patch", "deployment/"+controllers, "-n", ours, "-p", apart)
	k.EtcdKeys(t, "etcd-client.etcd.svc", "*.etcd.etcd.svc")
	k.RollOut(t, "etcd", members)
	k.Kubectl(t, "scale", deployment, "-n", ours, "--replicas=3")
	k.Kubectl(t, "scale", "deployment/"+controllers, "-n", ours, "--replicas=2")
	k.AwaitServer(t, "deployment")
	k.RollOut(t, ours, "deployment/velero-locations-simulator")
	k.KubectlWith(t, devtest.Location(place.Prefix, "us-east-1", "", place.Prefix), "apply", "-f", "-")
	return &nodeStage{Kind: k, simulator: k.Control(t)}
}

// route gives kube-apiserver the flag, by the file that its node runs it by.
func (s *nodeStage) route(t *testing.T) {
	t.Helper()
	s.OnNode(t, s.controlNode(t), "sed", "-i", "s/^    - kube-apiserver$/&\\n    - "+routing+"=true/", "/etc/kubernetes/manifests/kube-apiserver.yaml")
	devtest.Poll(t, 3*time.Minute, "kube-apiserver to come back", func() bool {
		got := s.Run(t, "", "get", "pods", "-n", "kube-system", "-l", "component=kube-apiserver", "-o", "jsonpath={.items[*].spec.containers[0].command}")
		return strings.Contains(got.Stdout, routing)
	})
	s.Wait(t, "wait", "--for=condition=Ready", "pod", "-n", "kube-system", "-l", "component=kube-apiserver", "--timeout=3m")
	s.settle(t)
	s.AwaitServer(t, "deployment")
	s.simulator, s.routed = s.Control(t), true // the former one went through it, too
}

// settle waits until all that there is several of is there again.
func (s *nodeStage) settle(t *testing.T) {
	t.Helper()
	s.Wait(t, "wait", "--for=condition=Ready", "nodes", "--all", "--timeout=3m")
	s.RollOut(t, "etcd", members)
	s.RollOut(t, ours, deployment)
	s.RollOut(t, ours, "deployment/"+controllers)
}
