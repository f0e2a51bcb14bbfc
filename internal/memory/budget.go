package memory

import (
	"math"
	"runtime"
	"sync"
	"time"
)

const (
	// share of the limit, in percent, that may be in use together with what was admitted. The rest is for the collector to work in.
	share = 75
	// last is the share at which not even one request at a time is admitted, unless it is a little one.
	last = 90
	// little is what a request needs at most that is admitted alone in any case. What histories keep, only later writes take from them: a
	// server that refused all would never serve again.
	little = 1 << 20
	// fresh is for how long a sample of the runtime is good.
	fresh = 20 * time.Millisecond
	// between is the least time between two collections that a refusal asks for.
	between = time.Second
)

// Process is the budget of this process.
var Process = &Budget{sample: sampleRuntime, collect: runtime.GC}

// Budget says whether there is room for what a request needs. It goes by what was in use when the garbage collector last looked, and
// by what it has admitted that the collector cannot have seen.
type Budget struct {
	sample  func() usage
	collect func()

	mu      sync.Mutex
	usage   usage
	sampled time.Time
	// pending is what requests need that are under way.
	pending int64
	// held is what was admitted to stay since the last collection, and heldBefore in the cycle before that, which it may have missed.
	held, heldBefore int64
	// collected is when a refusal last asked for a collection.
	collected time.Time
}

// usage is how much memory is in use, without garbage, and how much may be.
type usage struct {
	used, limit int64
	// cycle counts collections.
	cycle uint64
}

// Admit asks for memory that a request needs while it is under way. False: there is no room. A single request is admitted even where little is
// left, so that something goes on. The function says that the request is done.
func (b *Budget) Admit(size int64) (done func(), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refresh()
	alone := b.pending == 0 && b.held+b.heldBefore == 0 && (size <= little || b.usage.used < b.usage.limit/100*last)
	if !alone && !b.fits(size) {
		return nil, false
	}
	b.pending += size
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.pending -= size
	}), true
}

// Hold asks for memory that stays in use for longer than a request: the collector will see it. False: there is no room.
func (b *Budget) Hold(size int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refresh()
	if !b.fits(size) {
		return false
	}
	b.held += size
	return true
}

// fits says whether there is room for more. If not, it has the collector look again: what it saw may be gone.
func (b *Budget) fits(size int64) bool {
	if b.usage.limit == math.MaxInt64 || b.usage.used+b.pending+b.held+b.heldBefore+size <= b.usage.limit/100*share {
		return true
	}
	if now := time.Now(); now.Sub(b.collected) >= between {
		b.collected = now
		go b.collect()
	}
	return false
}

// refresh samples the runtime.
func (b *Budget) refresh() {
	now := time.Now()
	if now.Sub(b.sampled) < fresh {
		return
	}
	cycle := b.usage.cycle
	b.usage, b.sampled = b.sample(), now
	if b.usage.cycle != cycle {
		b.held, b.heldBefore = 0, b.held
	}
}
