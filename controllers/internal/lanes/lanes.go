// Package lanes keeps endpoints that are slow to answer, or do not answer at all, from holding the workers of a controller, so that
// those behind the others need not wait for them.
package lanes

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// Quick is how long an endpoint may take that is not known to be slow. Who asks for longer gives up, and asks again in the
	// slow lane, with all the time that there is.
	Quick = time.Second
	// Wait is how long to wait before trying again to get into the slow lane.
	Wait = 2 * time.Second
	// known bounds how many endpoints are remembered to be slow. The others get another quick try.
	known = 1000
)

// Lanes are two: all workers may be in the quick one, where nobody stays for longer than Quick, and half of them in the slow one,
// where those that do not answer have one worker each.
type Lanes struct {
	places int // in the slow lane

	mu   sync.Mutex
	slow map[string]*endpoint
	busy int // places that are taken
}

// endpoint is one that is slow.
type endpoint struct {
	asked   int  // by how many workers
	answers bool // the last time, though slowly
}

// New returns the lanes of a controller with so many workers.
func New(workers int) *Lanes {
	return &Lanes{places: max(1, workers/2), slow: map[string]*endpoint{}}
}

// Turn is the right to ask an endpoint, by one Ask.
type Turn struct {
	lanes *Lanes
	name  string
	slow  bool // the endpoint may take its time; otherwise it may take Quick
}

// ErrSlow says that an endpoint took longer than its turn, and is to be asked again after Wait.
var ErrSlow = errors.New("the endpoint is slow to answer")

// Ask asks the endpoint, within a time that is for the slow lane; 0: any. It returns the error of what it does, or ErrSlow where the
// quick lane was not the one for it.
func (t Turn) Ask(ctx context.Context, timeout time.Duration, ask func(context.Context) error) error {
	more := false
	if !t.slow && (timeout == 0 || timeout > Quick) {
		timeout, more = Quick, true
	}
	limited := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	began := time.Now()
	err := ask(limited)
	took := time.Since(began)
	t.leave(took, err == nil || took < Quick)
	if err != nil && more && limited.Err() != nil && ctx.Err() == nil {
		return ErrSlow
	}
	return err
}

// Enter returns a turn, or false where the endpoint is slow and there is no place left, or it did not answer and another worker asks it.
func (l *Lanes) Enter(name string) (Turn, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slow, found := l.slow[name]
	switch {
	case !found:
		return Turn{lanes: l, name: name}, true
	case l.busy == l.places, slow.asked > 0 && !slow.answers:
		return Turn{}, false
	}
	slow.asked++
	l.busy++
	return Turn{slow: true, lanes: l, name: name}, true
}

// leave ends a turn, in which the endpoint took so long, and answered or not.
func (t Turn) leave(took time.Duration, answered bool) {
	l := t.lanes
	l.mu.Lock()
	defer l.mu.Unlock()
	slow, found := l.slow[t.name]
	if t.slow {
		l.busy--
		slow.asked--
		slow.answers = answered
	}
	switch {
	case t.slow && took < Quick && answered && slow.asked == 0:
		delete(l.slow, t.name)
	case !found && (took >= Quick || !answered) && len(l.slow) < known:
		l.slow[t.name] = &endpoint{answers: answered}
	}
}
