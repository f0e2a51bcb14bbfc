package cluster

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Controllers are several processes of our controllers, of which one works.
type Controllers struct {
	replicas []*Replica
	metrics  []string // URLs
}

// StartControllers starts our controllers in several processes, and simulated storage for them.
func (c *Cluster) StartControllers(tb testing.TB, replicas int) *Controllers {
	tb.Helper()
	c.startSimulator(tb)
	c.giveKeys(tb)
	started := &Controllers{}
	for i := range replicas {
		name := fmt.Sprintf("%s-controller-%d", program, i)
		health, _ := freeAddress(tb)
		metrics, _ := freeAddress(tb)
		started.metrics = append(started.metrics, "http://"+metrics+"/metrics")
		started.replicas = append(started.replicas, &Replica{
			Name: name,
			launch: func(tb testing.TB) *process {
				tb.Helper()
				return c.startController(tb, name, "--leader-elect", "--leader-elect-namespace", home, "--health-address", health, "--metrics-address", metrics)
			},
			ready: func() error { return ready(http.DefaultClient, "http://"+health+"/readyz") },
		})
	}
	startAll(tb, started.replicas)
	return started
}

// Leader waits until one of the controllers works, and returns it.
func (c *Controllers) Leader(tb testing.TB) *Replica {
	tb.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for i, url := range c.metrics {
			if leads(url) {
				return c.replicas[i]
			}
		}
	}
	tb.Fatal("none of the controllers works")
	return nil
}

func leads(metrics string) bool {
	response, err := http.Get(metrics) //nolint:noctx,gosec // a process on loopback
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return err == nil && strings.Contains(string(body), "leader_election_master_status{name=\""+program+"-controller\"} 1")
}
