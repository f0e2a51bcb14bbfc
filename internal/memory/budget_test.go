package memory

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// budget of 100 bytes for tests, of which some are used; each step of the clock is a new sample.
type fixture struct {
	Budget
	now       usage
	collected chan bool
}

func newFixture(used int64) *fixture {
	f := &fixture{now: usage{used: used, limit: 100_000}, collected: make(chan bool, 10)}
	f.sample, f.collect = func() usage { return f.now }, func() { f.collected <- true }
	return f
}

// later makes the next request see a new sample.
func (f *fixture) later(used int64, collections uint64) {
	f.now.used, f.now.cycle = used, f.now.cycle+collections
	f.sampled = time.Time{}
}

func TestAdmit(t *testing.T) {
	f := newFixture(50_000)
	first, ok := f.Admit(20_000)
	if !ok {
		t.Fatal("there was room for the first")
	}
	if _, ok := f.Admit(10_000); ok {
		t.Error("the second does not fit beside the first")
	}
	<-f.collected
	if _, ok := f.Admit(10_000); ok || len(f.collected) > 0 {
		t.Error("the third is refused without another collection")
	}
	first()
	first() // which changes nothing
	if _, ok := f.Admit(10_000); !ok {
		t.Error("when the first is done there is room")
	}
}

// TestAlone shows that something goes on where little is left, but not to the end.
func TestAlone(t *testing.T) {
	f := newFixture(80_000)
	done, ok := f.Admit(30_000)
	if !ok {
		t.Fatal("nothing is admitted")
	}
	if _, ok := f.Admit(1); ok {
		t.Error("a second one is admitted")
	}
	done()
	if f.Hold(1) {
		t.Error("what stays is admitted")
	}
	f.later(90_000, 1)
	if _, ok := f.Admit(little + 1); ok {
		t.Error("one is admitted at nine tenths")
	}
	done, ok = f.Admit(little)
	if !ok {
		t.Fatal("nothing is admitted, however little")
	}
	if _, ok := f.Admit(little); ok {
		t.Error("a second little one is admitted")
	}
	done()
}

// TestHold shows that what stays is counted until the collector has seen it: one collection may have begun before.
func TestHold(t *testing.T) {
	f := newFixture(50_000)
	if !f.Hold(20_000) || f.Hold(10_000) {
		t.Fatal("there is room for one")
	}
	f.later(50_000, 1)
	if f.Hold(10_000) {
		t.Error("after one collection it is forgotten")
	}
	f.later(60_000, 1)
	if !f.Hold(10_000) {
		t.Error("after two collections it is counted twice")
	}
}

func TestWithoutLimit(t *testing.T) {
	f := newFixture(50_000)
	f.now.limit = math.MaxInt64
	if _, ok := f.Admit(math.MaxInt64 / 2); !ok || !f.Hold(math.MaxInt64/2) {
		t.Error("something was refused")
	}
}

// TestRuntime compares what is in use with what this test uses.
func TestRuntime(t *testing.T) {
	before := debug.SetMemoryLimit(1 << 30)
	defer debug.SetMemoryLimit(before)
	runtime.GC()
	idle := sampleRuntime()
	garbage := make([]byte, 64<<20)
	runtime.GC()
	busy := sampleRuntime()
	runtime.KeepAlive(garbage)
	if more := busy.used - idle.used; more < 63<<20 || more > 70<<20 {
		t.Errorf("64 MiB more are %d", more)
	}
	if idle.limit != 1<<30 || busy.cycle <= idle.cycle || idle.used <= 0 || idle.used > 32<<20 {
		t.Errorf("got %+v, then %+v", idle, busy)
	}
}
