package apiserver

import (
	"net"
	"sync"
	"time"
)

const (
	// settling is how long a connection may take from its acceptance until the server knows it for one of HTTP/2.
	settling = 2 * time.Second
	// farewell is how long connections have that were accepted so shortly before the end.
	farewell = 3 * time.Second
	// drainTimeout is how long requests have that are under way at the end.
	drainTimeout = 20 * time.Second
)

// farewellListener closes connections that were accepted just before the server stopped. One of HTTP/2 that golang.org/x/net/http2 comes
// to know of only after http.Server.Shutdown has begun is never told to end: an idle client would hold up the server until its
// drainTimeout.
type farewellListener struct {
	net.Listener

	settling, farewell time.Duration

	mu     sync.Mutex
	closed bool
	recent []accepted // in the order of acceptance
}

type accepted struct {
	net.Conn

	at time.Time
}

func newFarewellListener(listener net.Listener) *farewellListener {
	return &farewellListener{Listener: listener, settling: settling, farewell: farewell}
}

// Accept implements net.Listener.
func (l *farewellListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed { // in the midst of the acceptance
		l.end(conn)
		return conn, nil
	}
	now := time.Now()
	l.drop(now)
	l.recent = append(l.recent, accepted{conn, now})
	return conn, nil
}

// drop forgets connections that have settled.
func (l *farewellListener) drop(now time.Time) {
	for len(l.recent) > 0 && now.Sub(l.recent[0].at) > l.settling {
		l.recent[0] = accepted{}
		l.recent = l.recent[1:]
	}
}

// Close implements net.Listener.
func (l *farewellListener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(time.Now())
	for _, conn := range l.recent {
		l.end(conn)
	}
	l.closed, l.recent = true, nil
	return l.Listener.Close()
}

// end closes a connection after a while. Most are closed by then.
func (l *farewellListener) end(conn net.Conn) {
	time.AfterFunc(l.farewell, func() { _ = conn.Close() })
}
