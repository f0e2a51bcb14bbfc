// Package network gives the tests of a package a network of their own, in which processes have addresses of their own and can be cut off
// from all others, and disks as small as they like. Linux' namespaces do that, for anybody whom the system lets make one.
package network

import (
	"net"
	"testing"
)

// Host is where processes run that share an address. Where there is no network of the test's own, it is the machine itself.
type Host struct {
	name    string
	address string
	away    *away // nil: the machine itself
}

// NewHost makes a host, which is there until the test ends.
func NewHost(tb testing.TB, name string) *Host {
	tb.Helper()
	if Missing() != nil {
		return &Host{name: name, address: machineAddress(tb)}
	}
	h := &Host{name: name}
	var err error
	if h.away, h.address, err = newAway(); err != nil {
		tb.Fatalf("making host %s: %v", name, err)
	}
	tb.Cleanup(h.away.close)
	return h
}

// Address is an IPv4 address of the host. It is none of loopback, which Kubernetes does not take for endpoints.
func (h *Host) Address() string { return h.address }

// Address is one where hosts reach the processes that run on none.
func Address() string {
	if Missing() != nil {
		return "127.0.0.1"
	}
	return gateway
}

// machineAddress is an address of this machine that can be an endpoint.
func machineAddress(tb testing.TB) string {
	tb.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		tb.Fatal(err)
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil && network.IP.IsGlobalUnicast() {
			return network.IP.String()
		}
	}
	tb.Fatal("this machine has no IPv4 address but those on loopback, which Kubernetes does not take for endpoints: give it one, by ip address add")
	return ""
}

// Cut loses whatever is sent to the host and from it, and tells nobody. There has to be a network of the test's own.
func (h *Host) Cut(tb testing.TB) {
	tb.Helper()
	if err := h.away.cut(); err != nil {
		tb.Fatalf("cutting %s off: %v", h.name, err)
	}
}

// Join ends Cut.
func (h *Host) Join(tb testing.TB) {
	tb.Helper()
	if err := h.away.join(); err != nil {
		tb.Fatalf("connecting %s: %v", h.name, err)
	}
}

// Do calls a function whose processes and listeners are the host's; those of no host are the machine's.
func (h *Host) Do(tb testing.TB, begin func()) {
	tb.Helper()
	if h == nil || h.away == nil {
		begin()
		return
	}
	h.away.do(tb, begin)
}
