//go:build kind

package replicas

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// isolation is longer than kube-apiserver and Kubernetes' client of etcd believe in a connection on which nothing comes: 45 and 40 seconds.
const isolation = 50 * time.Second

// server is the pod of a server.
type server struct{ pod, node string }

// server returns the server that has all clients: kube-apiserver sends all requests on one connection, which the Service has led to one
// of the servers. Where it chooses a server for each request, it is any.
func (s *nodeStage) server(t *testing.T) server {
	t.Helper()
	service := s.Kubectl(t, "get", "service", ours, "-n", ours, "-o", "jsonpath={.spec.clusterIP}")
	connections := strings.Join(s.OnNode(t, s.controlNode(t), "conntrack", "-L", "-p", "tcp", "--orig-dst", service, "--state", "ESTABLISHED"), "\n")
	const columns = `jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName} {.status.podIP}{"\n"}{end}`
	for line := range strings.Lines(s.Kubectl(t, "get", "pods", "-n", ours, "-l", serverPods, "-o", columns)) {
		if fields := strings.Fields(line); s.routed || strings.Contains(connections, " src="+fields[2]+" dst=") {
			return server{fields[0], fields[1]}
		}
	}
	t.Fatalf("kube-apiserver has no connection to a server:\n%s", connections)
	return server{}
}

func (s *nodeStage) controlNode(t *testing.T) string {
	t.Helper()
	return s.Kubectl(t, "get", "nodes", "-l", onControlNode, "-o", "jsonpath={.items[0].metadata.name}")
}

// serverOnWorker is one of a node that can be taken away, which that of kube-apiserver cannot.
func (s *nodeStage) serverOnWorker(t *testing.T) server {
	t.Helper()
	return s.serverNotOn(t, s.controlNode(t))
}

// serverNotOn has requests go to a server of another node.
func (s *nodeStage) serverNotOn(t *testing.T, node string) server {
	t.Helper()
	for {
		found := s.server(t)
		if found.node != node {
			return found
		}
		s.deletePod(t, found)
	}
}

func (s *nodeStage) deletePod(t *testing.T, of server) {
	t.Helper()
	s.Wait(t, "delete", "pod", of.pod, "-n", ours, "--timeout=3m")
	s.RollOut(t, ours, deployment)
}

func serverKilled(t *testing.T, s *nodeStage) {
	t.Helper()
	killed := s.server(t)
	restarts := func() string {
		return s.Kubectl(t, "get", "pod", killed.pod, "-n", ours, "-o", "jsonpath={.status.containerStatuses[0].restartCount}")
	}
	before := restarts()
	s.OnNode(t, killed.node, "pkill", "-9", "-f", "^/velero-locations apiserver")
	devtest.Poll(t, 2*time.Minute, "the server to be started again", func() bool { return restarts() != before })
}

func podDeleted(t *testing.T, s *nodeStage) { t.Helper(); s.deletePod(t, s.server(t)) }

func restartedByDeployment(t *testing.T, s *nodeStage) {
	t.Helper()
	s.Kubectl(t, "rollout", "restart", deployment, "-n", ours)
	s.RollOut(t, ours, deployment)
	s.Wait(t, "wait", "--for=delete", "pod", "-n", ours, "-l", serverPods, "--field-selector=status.phase!=Running", "--timeout=3m")
}

func nodeDrained(t *testing.T, s *nodeStage) {
	t.Helper()
	s.drain(t, s.serverOnWorker(t).node)()
}

// drain returns a function that gives the node back.
func (s *nodeStage) drain(t *testing.T, node string) (uncordon func()) {
	t.Helper()
	s.Wait(t, "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=5m")
	return func() { t.Helper(); s.Kubectl(t, "uncordon", node) }
}

func serverCutOff(t *testing.T, s *nodeStage) {
	t.Helper()
	isolated(s.CutOffPod(t, ours, s.server(t).pod))
}

func nodeCutOff(t *testing.T, s *nodeStage) {
	t.Helper()
	isolated(s.CutOffNode(t, s.serverOnWorker(t).node))
}

func etcdLeaderCutOff(t *testing.T, s *nodeStage) {
	t.Helper()
	leader, _ := s.members(t)
	isolated(s.CutOffPod(t, "etcd", leader))
}

func etcdFollowerCutOff(t *testing.T, s *nodeStage) {
	t.Helper()
	_, follower := s.members(t)
	isolated(s.CutOffPod(t, "etcd", follower))
}

func isolated(join func()) {
	time.Sleep(isolation)
	join()
}

// members returns the pods of the leader of etcd, and of another member.
func (s *nodeStage) members(t *testing.T) (leader, follower string) {
	t.Helper()
	for i := range size {
		member := "etcd-" + strconv.Itoa(i)
		if strings.Contains(s.Kubectl(t, "get", "--raw", "/api/v1/namespaces/etcd/pods/"+member+":2381/proxy/metrics"), "\netcd_server_is_leader 1\n") {
			leader = member
		} else {
			follower = member
		}
	}
	if leader == "" {
		t.Fatal("etcd has no leader")
	}
	return leader, follower
}
