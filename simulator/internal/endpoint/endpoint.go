// Package endpoint serves HTTP and HTTPS at one address: the first byte from a client tells which of them it speaks.
package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	readHeaderTimeout = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	// grace is how long requests may go on when the server is told to stop.
	grace = 10 * time.Second
	// handshakeRecord is the first byte of TLS; no HTTP request begins with it.
	handshakeRecord = 0x16
)

// Serve serves a handler on a listener until the context is done, then lets the requests under way, whose contexts are
// done too, finish for a moment. It closes the listener, and returns nil when it was the context that ended it.
func Serve(ctx context.Context, listener net.Listener, config *tls.Config, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(verbose{}, "", 0),
	}
	if config != nil {
		listener = Listen(listener, config)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return errors.Join(fmt.Errorf("stopping the server on %s: %w", listener.Addr(), err), server.Close())
	}
	return nil
}

// verbose logs what a server says of its clients: that one does not trust its certificate is nothing unusual for a simulator.
type verbose struct{}

// Write logs a line.
func (verbose) Write(line []byte) (int, error) {
	slog.Debug("HTTP server", "message", strings.TrimSpace(string(line)))
	return len(line), nil
}

// listener hands on connections once their first byte is there, so that a client which sends nothing holds up no other.
type listener struct {
	net.Listener
	config *tls.Config
	ready  chan net.Conn
	failed chan error
	closed chan struct{}
	once   sync.Once
}

// Listen returns a listener whose connections are *tls.Conn for clients that speak TLS.
func Listen(inner net.Listener, config *tls.Config) net.Listener {
	l := &listener{
		Listener: inner, config: config,
		ready: make(chan net.Conn), failed: make(chan error, 1), closed: make(chan struct{}),
	}
	go l.accept()
	return l
}

func (l *listener) accept() {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			l.failed <- err
			return
		}
		go l.sniff(conn)
	}
}

func (l *listener) sniff(conn net.Conn) {
	first := make([]byte, 1)
	err := conn.SetReadDeadline(time.Now().Add(readHeaderTimeout))
	if err == nil {
		_, err = conn.Read(first)
	}
	if err == nil {
		err = conn.SetReadDeadline(time.Time{})
	}
	if err != nil {
		_ = conn.Close() // it is of no use
		return
	}
	var out net.Conn = &begun{Conn: conn, first: first}
	if first[0] == handshakeRecord {
		out = tls.Server(out, l.config)
	}
	select {
	case l.ready <- out:
	case <-l.closed:
		_ = conn.Close()
	}
}

// Accept returns the next connection whose first byte is there.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case err := <-l.failed:
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listener and the connections that were not handed on.
func (l *listener) Close() error {
	err := net.ErrClosed
	l.once.Do(func() {
		close(l.closed)
		err = l.Listener.Close()
	})
	return err
}

// begun is a connection whose first byte was read already.
type begun struct {
	net.Conn
	first []byte
}

// Read returns the first byte again, and then the rest.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 || len(p) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}

// SetLinger sets SO_LINGER, as net.TCPConn does; what is no TCP connection has none.
func (b *begun) SetLinger(seconds int) error {
	if lingerer, ok := b.Conn.(interface{ SetLinger(seconds int) error }); ok {
		return lingerer.SetLinger(seconds)
	}
	return nil
}

// TLSConfig returns a configuration for HTTP/1.1, which is what S3 speaks.
func TLSConfig(certPEM, keyPEM []byte) (*tls.Config, error) {
	certificate, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("reading the server's certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}, nil
}
