//go:build kind

package replicas

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// failOver makes backups all the time while it does harm to the controller that works, until the next one has made one.
func (s *nodeStage) failOver(t *testing.T, fault string, harm func(t *testing.T, s *nodeStage)) {
	t.Helper()
	m := s.startMaking(t, fault)
	m.awaitNext(t, s.simulator)
	before := s.holder(t)
	harm(t, s)
	devtest.Poll(t, 3*time.Minute, "another controller to work", func() bool { return s.holder(t) != before })
	m.awaitNext(t, s.simulator)
	s.settle(t)
	s.failovers = append(s.failovers, m.end(t, s.simulator))
}

// holder is who works: a pod, and a process in it.
func (s *nodeStage) holder(t *testing.T) string {
	t.Helper()
	lease, err := s.Clientset(t).CoordinationV1().Leases(ours).Get(t.Context(), controllers, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// controller returns the pod of the controller that works, and its node.
func (s *nodeStage) controller(t *testing.T) (pod, node string) {
	t.Helper()
	pod, _, _ = strings.Cut(s.holder(t), "_")
	return pod, s.Kubectl(t, "get", "pod", pod, "-n", ours, "-o", "jsonpath={.spec.nodeName}")
}

func controllerKilledOnNode(t *testing.T, s *nodeStage) {
	t.Helper()
	_, node := s.controller(t)
	s.OnNode(t, node, "pkill", "-9", "-f", `^/velero-locations controller --controllers=\*`) // not that of certificates
}

func controllerDeleted(t *testing.T, s *nodeStage) {
	t.Helper()
	pod, _ := s.controller(t)
	s.Kubectl(t, "delete", "pod", pod, "-n", ours, "--wait=false")
}

func controllerDrained(t *testing.T, s *nodeStage) {
	t.Helper()
	_, node := s.controller(t)
	s.drain(t, node)()
}

// controllerCutOff has requests go to a server of another node, or there would be no answers for as long as nodeCutOff measures.
func controllerCutOff(t *testing.T, s *nodeStage) {
	t.Helper()
	_, node := s.controller(t)
	if !s.routed {
		s.serverNotOn(t, node)
	}
	isolated(s.CutOffNode(t, node))
}
