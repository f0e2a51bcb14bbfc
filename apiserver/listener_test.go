package apiserver

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// TestFarewell shows that only connections are closed behind a listener that it has accepted shortly before.
func TestFarewell(t *testing.T) {
	var config net.ListenConfig
	tcp, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := &farewellListener{Listener: tcp, settling: 200 * time.Millisecond, farewell: 10 * time.Millisecond}
	connect := func() net.Conn {
		var dialer net.Dialer
		client, err := dialer.DialContext(t.Context(), "tcp", tcp.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = client.Close()
			_ = server.Close()
		})
		return client
	}
	read := func(conn net.Conn, within time.Duration) error {
		if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
		_, err := conn.Read(make([]byte, 1))
		return err
	}
	settled := connect()
	if err := read(settled, 2*listener.settling); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection was closed while the listener was open: %v", err)
	}
	recent := connect()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := read(recent, 10*time.Second); !errors.Is(err, io.EOF) {
		t.Errorf("of the recent connection it reads %v", err)
	}
	if err := read(settled, 10*listener.farewell); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("of the settled connection it reads %v", err)
	}
}
