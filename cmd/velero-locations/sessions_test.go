package main

import (
	"maps"
	"slices"
	"syscall"
	"testing"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// TestSessions runs the sessions that are run behind a kube-apiserver, too, each against a server of its own, which stops as it is asked to.
func TestSessions(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(devtest.Sessions)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startDev(t, t.TempDir(), "--probe-locations=false") // as where storage cannot be reached, which kube-apiserver's are
			devtest.Sessions[name](t, s.Server)
			s.signal(t, syscall.SIGTERM)
		})
	}
}
