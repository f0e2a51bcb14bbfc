package main

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
)

// silentLocations are at a port that never answers; a good one behind them had to wait for 75 s once.
const silentLocations = 64

// silence is a port that accepts connections and says nothing, and counts those that are open.
type silence struct {
	net.Listener
	open, accepted atomic.Int32
}

func listenSilently(t *testing.T) *silence {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s := &silence{Listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			s.open.Add(1)
			go func() {
				defer s.open.Add(-1)
				defer func() { _ = conn.Close() }()
				buffer := make([]byte, 4096)
				for {
					if _, err := conn.Read(buffer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return s
}

// TestSilentEndpoint shows that locations at an endpoint that never answers do not keep others waiting, and that, once it is known,
// one worker at a time asks it.
func TestSilentEndpoint(t *testing.T) {
	silent := listenSilently(t)
	s := startDev(t, t.TempDir(), "--probe-locations=false") // the server would ask, too
	var manifests strings.Builder
	for i := range silentLocations {
		manifest := devtest.Location(fmt.Sprintf("silent-%02d", i), "us-east-1", "", fmt.Sprintf("silent-%02d", i))
		manifests.WriteString(strings.Replace(manifest, "region: us-east-1", `region: us-east-1, s3ForcePathStyle: "true", s3Url: http://`+silent.Addr().String(), 1))
	}
	s.KubectlWith(t, manifests.String(), "apply", "-f", "-")
	devtest.Poll(t, time.Minute, "the silent endpoint to be asked", func() bool { return silent.accepted.Load() > 0 })

	began := time.Now()
	s.KubectlWith(t, devtest.Location("good", "us-east-1", "", "good"), "apply", "-f", "-")
	s.Kubectl(t, "wait", "--for=jsonpath={.status.phase}=Available", "bsl/good", "-n", "velero", "--timeout=60s")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a good location waited for %s", took)
	} else {
		t.Logf("a good location waited for %s", took)
	}

	devtest.Poll(t, time.Minute, "one worker to ask the silent endpoint", func() bool { return silent.open.Load() == 1 })
	devtest.Poll(t, time.Minute, "the first verdict on a silent endpoint", func() bool {
		if open := silent.open.Load(); open > 1 {
			t.Fatalf("%d workers ask the silent endpoint", open)
		}
		return strings.Contains(s.Kubectl(t, "get", "bsl", "-n", "velero", "-o", "jsonpath={.items[*].status.phase}"), "Unavailable")
	})
}
