package console

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"github.com/velero-locations/velero-locations/simulator/internal/endpoint"
)

// Serve serves the page of a cluster, without a simulator, at an address of this machine, which nobody else reaches, until the context is
// done. Ready is told the URL, with its token, once it is served.
func Serve(ctx context.Context, address string, cluster http.Handler, ready func(url string)) error {
	if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
		return fmt.Errorf("the address %q of the console: must be an address of this machine with a port, such as 127.0.0.1:0", address)
	}
	token := rand.Text()
	site, err := New(token, Sources{Cluster: cluster})
	if err != nil {
		return fmt.Errorf("the console: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("opening the address of the console: %w", err)
	}
	ready(URL("http://"+listener.Addr().String(), token))
	return endpoint.Serve(ctx, listener, nil, endpoint.OnlyHosts(site, nil))
}
