//go:build kind

package replicas

import (
	"fmt"
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

// server returns the server that has most watches. To one kube-apiserver sends all requests on one connection, which has one of the servers
// at its other end.
func (s *nodeStage) server(t *testing.T) server {
	t.Helper()
	var most server
	found := -1
	const columns = `jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName} {.status.podIP}{"\n"}{end}`
	for line := range strings.Lines(s.Kubectl(t, "get", "pods", "-n", ours, "-l", serverPods, "--field-selector=status.phase=Running", "-o", columns)) {
		fields := strings.Fields(line)
		if count := s.watches(t, fields[2]); count > found {
			most, found = server{fields[0], fields[1]}, count
		}
	}
	return most
}

// watches returns how many watches the server at an address has. The key is one that kubeadm makes for an administrator.
func (s *nodeStage) watches(t *testing.T, address string) int {
	t.Helper()
	const key = "/etc/kubernetes/pki/apiserver-kubelet-client"
	ask := fmt.Sprintf("curl -sSk --max-time 10 --cert %[1]s.crt --key %[1]s.key https://%[2]s:8443/metrics | grep ^apiserver_longrunning_requests || true", key, address)
	count := 0
	for _, line := range s.OnNode(t, s.controlNode(t), "sh", "-c", ask) {
		if fields := strings.Fields(line); strings.Contains(line, `verb="WATCH"`) {
			watches, _ := strconv.Atoi(fields[len(fields)-1])
			count += watches
		}
	}
	return count
}

func (s *nodeStage) controlNode(t *testing.T) string {
	t.Helper()
	return s.Kubectl(t, "get", "nodes", "-l", onControlNode, "-o", "jsonpath={.items[0].metadata.name}")
}

// serverOnWorker is one of a node that can be taken away, which that of kube-apiserver cannot.
func (s *nodeStage) serverOnWorker(t *testing.T) server {
	t.Helper()
	found := s.server(t)
	if found.node == s.controlNode(t) {
		s.deletePod(t, found)
		found = s.server(t)
	}
	return found
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
