package main

import (
	"syscall"
	"testing"

	"github.com/velero-locations/velero-locations/dev/devtest"
)

// TestSessions runs the sessions that are run behind a kube-apiserver, too, each against a server of its own, which stops as it is asked to.
func TestSessions(t *testing.T) {
	for name, session := range devtest.Sessions {
		t.Run(name, func(t *testing.T) {
			s := startDev(t, t.TempDir())
			session(t, s.Server)
			s.signal(t, syscall.SIGTERM)
		})
	}
}
