package cluster

import (
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/velero-locations/velero-locations/e2e/network"
)

// Replica is one of several processes that do the same, which tests harm and start again.
type Replica struct {
	// Name is unique among all processes of a cluster.
	Name string
	// Address is where it serves.
	Address string
	// Host is where it runs: nil for the machine itself.
	Host *network.Host

	launch  func(tb testing.TB) *process
	ready   func() error
	process *process
	// stopping says that it was told to end.
	stopping atomic.Bool
}

// Start starts the replica, for the first time or after it has ended, and waits until it is ready.
func (r *Replica) Start(tb testing.TB) {
	tb.Helper()
	r.begin(tb)
	r.await(tb)
}

func (r *Replica) begin(tb testing.TB) {
	tb.Helper()
	r.stopping.Store(false)
	r.Host.Do(tb, func() { r.process = r.launch(tb) })
}

func (r *Replica) await(tb testing.TB) {
	tb.Helper()
	r.process.await(tb, r.ready)
}

// Kill ends the replica from one moment to the next.
func (r *Replica) Kill(tb testing.TB) {
	tb.Helper()
	r.process.end(tb, syscall.SIGKILL)
}

// Stop ends the replica as Kubernetes does.
func (r *Replica) Stop(tb testing.TB) {
	tb.Helper()
	r.stopping.Store(true)
	r.process.stop(tb)
}

// Ended says whether the replica has ended, by itself or because it was told to.
func (r *Replica) Ended() bool {
	select {
	case <-r.process.exited:
		return true
	default:
		return false
	}
}

// Suspend has the replica do nothing: its connections stay, and nobody answers.
func (r *Replica) Suspend(tb testing.TB) {
	tb.Helper()
	r.signal(tb, syscall.SIGSTOP)
}

// Resume lets a suspended replica go on.
func (r *Replica) Resume(tb testing.TB) {
	tb.Helper()
	r.signal(tb, syscall.SIGCONT)
}

func (r *Replica) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := r.process.cmd.Process.Signal(signal); err != nil {
		tb.Fatalf("%s: %v", r.Name, err)
	}
}

// startAll starts replicas that are ready only together.
func startAll(tb testing.TB, replicas []*Replica) {
	tb.Helper()
	for _, r := range replicas {
		r.begin(tb)
	}
	for _, r := range replicas {
		r.await(tb)
	}
}
