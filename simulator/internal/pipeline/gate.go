package pipeline

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// patience is how long requests under way have to come to their end when the gate is closed: more than any takes that is not
	// held up by its client or by a fault.
	patience = time.Second
	// breakEvery is how often the connections of those that are late are cut, for a deadline may be moved meanwhile.
	breakEvery = 10 * time.Millisecond
)

// Gate lets requests through, but for moments in which the cloud is changed as a whole. The zero Gate is open.
type Gate struct {
	turn sync.RWMutex // held for reading by requests

	mu    sync.Mutex
	under map[*passage]struct{} // those under way
}

// passage is one request that went through the gate.
type passage struct {
	cancel     context.CancelFunc
	controller *http.ResponseController
	broken     bool // guarded by mu of the gate
}

// Alone runs a function while no request is under way: those that come wait, and those that take too long are broken off.
func (g *Gate) Alone(do func() error) error {
	closed, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		g.breakOff(closed)
	}()
	g.turn.Lock()
	defer g.turn.Unlock()
	close(closed)
	<-ended // before others get through
	return do()
}

// breakOff cuts the connections of requests under way, again and again until the gate is closed behind the last of them.
func (g *Gate) breakOff(closed <-chan struct{}) {
	for wait := time.After(patience); ; wait = time.After(breakEvery) {
		select {
		case <-closed:
			return
		case <-wait:
		}
		g.mu.Lock()
		for p := range g.under {
			p.broken = true
			p.cancel()
			_ = p.controller.SetReadDeadline(time.Unix(1, 0)) // a server that cannot is one of a test without connections
			_ = p.controller.SetWriteDeadline(time.Unix(1, 0))
		}
		g.mu.Unlock()
	}
}

// enter waits until the gate is open, and returns the request as it goes on: its body and context end when it is broken off.
func (g *Gate) enter(w http.ResponseWriter, r *http.Request) (*http.Request, *passage) {
	g.turn.RLock()
	ctx, cancel := context.WithCancel(r.Context())
	p := &passage{cancel: cancel, controller: http.NewResponseController(w)}
	own := r.WithContext(ctx)
	if own.Body != nil && own.Body != http.NoBody {
		own.Body = &passingBody{own.Body, ctx.Err}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.under == nil {
		g.under = map[*passage]struct{}{}
	}
	g.under[p] = struct{}{}
	return own, p
}

// leave ends a passage. The connection of one that was broken off is closed without an answer, lest half of one look whole.
func (g *Gate) leave(p *passage) {
	g.mu.Lock()
	delete(g.under, p)
	broken := p.broken
	g.mu.Unlock()
	p.cancel()
	g.turn.RUnlock()
	if broken {
		panic(http.ErrAbortHandler)
	}
}

// passingBody is a body that ends with its request's context.
type passingBody struct {
	io.ReadCloser
	broken func() error
}

// Read returns the body, or that the request was broken off.
func (b *passingBody) Read(p []byte) (int, error) {
	if err := b.broken(); err != nil {
		return 0, err
	}
	return b.ReadCloser.Read(p)
}
