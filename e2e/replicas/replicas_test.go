package replicas

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/e2e/cluster"
	"github.com/velero-locations/velero-locations/e2e/network"
)

var (
	rounds = flag.Int("rounds", 0, "how often harm of each kind is done; 0: once, without what takes long")
	only   = flag.String("only", "", "part of the names of the kinds of harm that are done; empty: all")
)

// size is how many servers and members of etcd there are.
const size = 3

// shutdownDelay is longer than it takes until a server that stops is no endpoint any more.
const shutdownDelay = 3 * time.Second

// stage is where harm is done.
type stage struct {
	*cluster.Cluster
	etcd        *cluster.Etcd
	servers     []*cluster.Replica
	controllers *cluster.Controllers
	round       int
	// The longest times until the next controller worked: after one was killed, and after one was stopped.
	failover, handover time.Duration
}

// server returns another server in each round.
func (s *stage) server() *cluster.Replica { return s.servers[s.round%size] }

// TestReplicas does harm to servers, members of etcd and controllers: nothing that was acknowledged is lost, no watcher misses anything,
// and nobody sees two defaults.
func TestReplicas(t *testing.T) {
	c := cluster.StartKubernetes(t, cluster.RoutingFlag)
	s := &stage{Cluster: c, etcd: c.StartEtcd(t, size)}
	s.servers = c.ServeReplicas(t, size, s.etcd, "--shutdown-delay-duration", shutdownDelay.String(), "--shutdown-send-retry-after=true")
	s.controllers = c.StartControllers(t, 2)
	load := startLoad(t, c.Config)

	var results []*result
	for _, f := range faults {
		if f.long && *rounds == 0 || !strings.Contains(f.name, *only) {
			continue
		}
		if f.isolated && network.Missing() != nil {
			t.Logf("left out: %s: %v", f.name, network.Missing())
			continue
		}
		// No subtest, with whose end what it has started again would end.
		total := &result{fault: f.name}
		for range max(1, *rounds) {
			load.begin()
			f.harm(t, s)
			total.add(load.end(t))
			s.round++
		}
		total.check(t, f.harmless)
		results = append(results, total)
	}
	t.Log(table(results))
	t.Logf("the next controller worked %s after one was killed, %s after one was stopped", seconds(s.failover), seconds(s.handover))
}
