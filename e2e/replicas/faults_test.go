package replicas

import (
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// fault is harm of a kind, from which harm returns when all is well again.
type fault struct {
	name     string
	harm     func(t *testing.T, s *stage)
	harmless bool // no request may fail
	long     bool // left out where time is short
}

// suspension is how long a replica does not answer: longer than etcd waits for its leader, and than an endpoint that does not answer stays one.
const suspension = 10 * time.Second

var faults = []fault{
	{name: "none", harm: func(*testing.T, *stage) { time.Sleep(suspension / 2) }, harmless: true, long: true},
	{name: "a server is killed", harm: func(t *testing.T, s *stage) { killed(t, s.server()) }},
	{name: "the leader of etcd is killed", harm: func(t *testing.T, s *stage) { leader, _ := s.etcd.Leader(t); killed(t, leader) }},
	{name: "another member of etcd is killed", harm: func(t *testing.T, s *stage) { _, follower := s.etcd.Leader(t); killed(t, follower) }, long: true},
	{name: "a server stops (SIGTERM)", harm: func(t *testing.T, s *stage) { restarted(t, s.server()) }, harmless: true, long: true},
	{name: "all servers are rolled out, one after the other", harm: rolledOut, harmless: true},
	{name: "the serving certificate is rotated", harm: certificateRotated, harmless: true},
	{name: "a server does not answer (SIGSTOP)", harm: func(t *testing.T, s *stage) { suspended(t, s.server()) }, long: true},
	{name: "a member of etcd does not answer (SIGSTOP)", harm: func(t *testing.T, s *stage) { _, follower := s.etcd.Leader(t); suspended(t, follower) }, long: true},
	{name: "the leader of etcd does not answer (SIGSTOP)", harm: func(t *testing.T, s *stage) { leader, _ := s.etcd.Leader(t); suspended(t, leader) }, long: true},
	{name: "the controller that works is killed while it makes a backup", harm: controllerKilled, harmless: true},
	{name: "the controller that works stops (SIGTERM)", harm: controllerStopped, harmless: true},
}

func killed(t *testing.T, r *cluster.Replica) {
	t.Helper()
	r.Kill(t)
	time.Sleep(2 * time.Second) // the others are alone for a while
	r.Start(t)
}

func restarted(t *testing.T, r *cluster.Replica) {
	t.Helper()
	r.Stop(t)
	r.Start(t)
}

func suspended(t *testing.T, r *cluster.Replica) {
	t.Helper()
	r.Suspend(t)
	time.Sleep(suspension)
	r.Resume(t)
}

// certificateRotated waits until all servers show the new certificate.
func certificateRotated(t *testing.T, s *stage) {
	t.Helper()
	s.RenewServing(t)
	for _, server := range s.servers {
		devtest.Poll(t, 2*time.Minute, server.Name+" to show the new certificate", func() bool { return s.ShowsServing(t, server) })
	}
	time.Sleep(2 * time.Second) // the next requests
}

// rolledOut waits as Deployments do, for minReadySeconds of the next server.
func rolledOut(t *testing.T, s *stage) {
	t.Helper()
	for _, server := range s.servers {
		restarted(t, server)
		time.Sleep(2 * time.Second) // it is an endpoint by then
	}
}
