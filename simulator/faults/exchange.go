package faults

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Exchange is a request and its answer, which faults delay, cut or end. It is the http.ResponseWriter that the request is
// then served with.
type Exchange struct {
	inner   http.ResponseWriter
	request *http.Request
	body    io.Reader // of the request, without meters
	gone    atomic.Bool
	// upload and download are called before a piece of a body is transferred, with how much went before. They return how
	// much may go now, at least 1, or an error.
	upload, download []meter
	sent             int64
}

type meter func(before int64, size int) (int, error)

var _ http.ResponseWriter = (*Exchange)(nil)

func newExchange(w http.ResponseWriter, r *http.Request) *Exchange {
	x := &Exchange{inner: w, body: r.Body}
	clone := *r
	clone.Body = &meteredBody{exchange: x, inner: r.Body}
	x.request = &clone
	return x
}

// Unwrap lets http.ResponseController reach the connection.
func (x *Exchange) Unwrap() http.ResponseWriter { return x.inner }

// Header returns the headers of the answer.
func (x *Exchange) Header() http.Header { return x.inner.Header() }

// WriteHeader starts the answer, unless nobody is there to get it.
func (x *Exchange) WriteHeader(status int) {
	if x.gone.Load() {
		return
	}
	// A fault of the answer that strikes before its first byte strikes before its head.
	if _, err := x.allow(x.download, 0, 1); err != nil {
		return
	}
	x.inner.WriteHeader(status)
}

// Write sends a piece of the answer's body as the faults let it.
func (x *Exchange) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n, err := x.allow(x.download, x.sent, len(p)-written)
		if err != nil {
			return written, err
		}
		n, err = x.inner.Write(p[written : written+n])
		written += n
		x.sent += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func (x *Exchange) allow(meters []meter, before int64, size int) (int, error) {
	if x.gone.Load() {
		return 0, ErrGone
	}
	for _, m := range meters {
		n, err := m(before, size)
		if err != nil {
			return 0, err
		}
		size = min(size, n)
	}
	return size, nil
}

type meteredBody struct {
	exchange *Exchange
	inner    io.ReadCloser
	received int64
}

// Read receives a piece of the request's body as the faults let it.
func (b *meteredBody) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := b.exchange.allow(b.exchange.upload, b.received, len(p))
	if err != nil {
		return 0, err
	}
	n, err = b.inner.Read(p[:n])
	b.received += int64(n)
	return n, err
}

// Close closes the request's body.
func (b *meteredBody) Close() error { return b.inner.Close() }

// wait waits in real time, and ends early with an error when the client leaves or the server stops.
func (x *Exchange) wait(duration time.Duration) error { return wait(x.request.Context(), duration) }

func wait(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrGone, context.Cause(ctx))
	}
}

// cut ends the connection: what was written so far is sent, and then comes the regular end of the stream, or a reset,
// which may overtake what was sent. It returns ErrGone.
func (x *Exchange) cut(reset bool) error {
	if x.gone.Swap(true) {
		return ErrGone
	}
	controller := http.NewResponseController(x.inner)
	if x.sent > 0 {
		_ = controller.Flush() // what can't be sent is lost, as the rest is
	}
	conn, _, err := controller.Hijack()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	if reset {
		lingerer, ok := plain(conn).(interface{ SetLinger(seconds int) error })
		if ok {
			_ = lingerer.SetLinger(0) // a connection that is closed already needs no reset
		}
		_ = plain(conn).Close()
	}
	_ = conn.Close()
	return ErrGone
}

// plain returns the connection below TLS.
func plain(conn net.Conn) net.Conn {
	if secured, ok := conn.(*tls.Conn); ok {
		return secured.NetConn()
	}
	return conn
}
