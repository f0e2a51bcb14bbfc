package e2e

import (
	"maps"
	"slices"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

// TestSessions runs the sessions that tests of `velero-locations dev` run, each in a cluster of its own.
func TestSessions(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(devtest.Sessions)) {
		t.Run(name, func(t *testing.T) { devtest.Sessions[name](t, cluster.Start(t).Server) })
	}
}
