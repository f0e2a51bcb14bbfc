package cascade

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
)

// period is how often a controller looks for intents that nobody has woken it for: those of a server that was stopped,
// and those that failed.
const period = 10 * time.Second

// Delete deletes what belongs to a deleted object, and keeps count of what is left.
type Delete func(ctx context.Context, intent Intent, left *atomic.Int64) error

// Controller fulfils the intents of a journal. Several may do so at a time, on one etcd: they do some of the work
// twice, to the same end.
type Controller struct {
	journal *Journal
	delete  Delete
	wake    chan struct{}

	mu      sync.Mutex
	works   map[types.UID]*work // that somebody waits for, or that are going on
	stopped bool
}

// work is what follows from the deletion of one object.
type work struct {
	done    chan struct{} // closed when nothing more is done here
	left    atomic.Int64  // unknown until it was counted
	running bool
}

const unknown = -1

// NewController returns a controller that does nothing until it runs.
func NewController(journal *Journal, del Delete) *Controller {
	return &Controller{journal: journal, delete: del, wake: make(chan struct{}, 1), works: map[types.UID]*work{}}
}

// Run fulfils intents until the context ends, beginning with those that an earlier server has left.
func (c *Controller) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer c.stop()
	defer running.Wait()
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		if err := c.look(ctx, &running); err != nil && ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "What belongs to deleted objects stays for now")
		}
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		case <-ticker.C:
		}
	}
}

// look starts on every intent that is not being fulfilled.
func (c *Controller) look(ctx context.Context, running *sync.WaitGroup) error {
	awaited := c.idle()
	intents, err := c.journal.Open(ctx)
	if err != nil {
		return err
	}
	for _, intent := range intents {
		delete(awaited, intent.UID)
		if work, ok := c.begin(intent.UID); ok {
			running.Go(func() { c.fulfil(ctx, intent, work) })
		}
	}
	for uid := range awaited {
		c.end(uid) // another controller was faster
	}
	return nil
}

func (c *Controller) fulfil(ctx context.Context, intent Intent, work *work) {
	err := c.delete(ctx, intent, &work.left)
	if err == nil {
		err = c.journal.Fulfil(ctx, intent)
	}
	if err == nil {
		c.end(intent.UID)
		return
	}
	if ctx.Err() == nil {
		klog.FromContext(ctx).Error(err, "What belongs to a deleted object stays for now", "object", klog.KRef(intent.Namespace, intent.Name))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	work.running = false
}

// Await waits until all that belonged to an object that was deleted just now is deleted too, or until the patience ends.
func (c *Controller) Await(uid types.UID, patience time.Duration) {
	work := c.work(uid)
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
	select {
	case <-work.done:
	case <-time.After(patience):
	}
}

// Left returns how much is still to be deleted of what somebody has stopped waiting for. Until that is counted, it is as much as there was before.
func (c *Controller) Left(uid types.UID, before int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	work := c.works[uid]
	switch {
	case work == nil:
		return 0
	case work.left.Load() == unknown:
		return before
	}
	return int(work.left.Load())
}

func (c *Controller) work(uid types.UID) *work {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.works[uid]
	if known == nil {
		known = &work{done: make(chan struct{})}
		known.left.Store(unknown)
		c.works[uid] = known
		if c.stopped {
			close(known.done)
		}
	}
	return known
}

// begin returns the work of an intent, unless it is going on.
func (c *Controller) begin(uid types.UID) (*work, bool) {
	work := c.work(uid)
	c.mu.Lock()
	defer c.mu.Unlock()
	if work.running {
		return nil, false
	}
	work.running = true
	return work, true
}

// idle returns the objects whose work is awaited, but not going on.
func (c *Controller) idle() map[types.UID]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	idle := map[types.UID]bool{}
	for uid, work := range c.works {
		if !work.running {
			idle[uid] = true
		}
	}
	return idle
}

func (c *Controller) end(uid types.UID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if work := c.works[uid]; work != nil {
		close(work.done)
		delete(c.works, uid)
	}
}

// stop ends all waiting for what is no longer done here.
func (c *Controller) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	for _, work := range c.works {
		close(work.done)
	}
}
