package replicas

import (
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// fault is harm of a kind, from which harm returns when all is well again.
type fault struct {
	name     string
	harm     func(t *testing.T, s *stage)
	harmless bool // no request may fail
	long     bool // left out where time is short
	isolated bool // needs a network and disks of the test's own
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
	{name: "the serving certificate is replaced", harm: replaced(cluster.ServingSecret), harmless: true},
	{name: "the authority of the serving certificate is replaced", harm: replaced(cluster.AuthoritySecret), harmless: true},
	{name: "a server does not answer (SIGSTOP)", harm: func(t *testing.T, s *stage) { suspended(t, s.server()) }, long: true},
	{name: "a member of etcd does not answer (SIGSTOP)", harm: func(t *testing.T, s *stage) { _, follower := s.etcd.Leader(t); suspended(t, follower) }, long: true},
	{name: "the leader of etcd does not answer (SIGSTOP)", harm: func(t *testing.T, s *stage) { leader, _ := s.etcd.Leader(t); suspended(t, leader) }, long: true},
	{name: "a server is cut off", harm: func(t *testing.T, s *stage) { cutOff(t, s.server()) }, isolated: true},
	{name: "a member of etcd is cut off", harm: func(t *testing.T, s *stage) { _, follower := s.etcd.Leader(t); cutOff(t, follower) }, long: true, isolated: true},
	{name: "the leader of etcd is cut off", harm: func(t *testing.T, s *stage) { leader, _ := s.etcd.Leader(t); cutOff(t, leader) }, isolated: true},
	{name: "the disk of a member of etcd is full", harm: diskFull, isolated: true},
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

func cutOff(t *testing.T, r *cluster.Replica) {
	t.Helper()
	r.Host.Cut(t)
	time.Sleep(suspension)
	r.Host.Join(t)
}

// diskFull leaves no room to a member of etcd, which ends of it, until there is room again.
func diskFull(t *testing.T, s *stage) {
	t.Helper()
	member := s.etcd.Members[s.round%size]
	empty := s.etcd.FillDisk(t, member)
	time.Sleep(2 * time.Second) // the others are alone for a while
	empty()
	member.Start(t)
}

// replaced deletes one of the Secrets that certificates are made of.
func replaced(secret string) func(t *testing.T, s *stage) {
	return func(t *testing.T, s *stage) {
		t.Helper()
		s.Replace(t, secret, s.servers)
		time.Sleep(2 * time.Second) // the next requests
	}
}

// rolledOut waits as Deployments do, for minReadySeconds of the next server.
func rolledOut(t *testing.T, s *stage) {
	t.Helper()
	for _, server := range s.servers {
		restarted(t, server)
		time.Sleep(2 * time.Second) // it is an endpoint by then
	}
}
