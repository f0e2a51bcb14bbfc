//go:build kind

package e2e

import (
	"maps"
	"slices"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestKind runs the suites in a cluster with nodes, which kind makes.
func TestKind(t *testing.T) {
	k := cluster.StartKind(t)
	suites := map[string]func(*testing.T){
		"Cluster": func(t *testing.T) { testCluster(t, k.Cluster) },
		"Restart": func(t *testing.T) {
			testRestart(t, k.Cluster, func() { k.StopServer(t) }, func() { k.StartServer(t) })
		},
		"Velero": func(t *testing.T) { testVelero(t, k.Server) },
	}
	for name, session := range devtest.Sessions {
		suites[name] = func(t *testing.T) { session(t, k.Server) }
	}
	for _, name := range slices.Sorted(maps.Keys(suites)) {
		t.Run(name, func(t *testing.T) {
			k.Reset(t)
			suites[name](t)
		})
	}
}

// TestEngine fails at once where TestKind could not run, before anything is built for it.
func TestEngine(t *testing.T) { cluster.Engine(t) }
