package simulator

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/endpoint"
)

// readyPoll is how often an address is asked whether it is ready.
const readyPoll = 10 * time.Millisecond

// URLs are all of them.
func (e Endpoints) URLs() []string {
	urls := slices.Concat([]string{e.S3, e.EC2, e.Clouds, e.Metadata, e.Control}, slices.Collect(maps.Values(e.S3Regions)), slices.Collect(maps.Values(e.EC2Regions)))
	return slices.DeleteFunc(urls, func(url string) bool { return url == "" })
}

// Await returns when all endpoints answer that they are ready, or the context is done.
func (e Endpoints) Await(ctx context.Context) error {
	for _, url := range e.URLs() {
		for CheckReady(ctx, url) != nil {
			select {
			case <-ctx.Done():
				return fmt.Errorf("waiting for %s: %w", url, context.Cause(ctx))
			case <-time.After(readyPoll):
			}
		}
	}
	return nil
}

// dialLocal takes names below localhost for this machine, as all programs are to do, and not all resolvers do.
func dialLocal(ctx context.Context, network, address string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, "."+localDomain) {
		address = net.JoinHostPort(localDomain, port)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// readyClient keeps no connections.
var readyClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialLocal}}

// CheckReady asks an address of a simulator, also one in another process, whether it is ready.
func CheckReady(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+endpoint.ReadyPath, nil)
	if err != nil {
		return fmt.Errorf("asking whether it is ready: %w", err)
	}
	response, err := readyClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking whether it is ready: %w", err)
	}
	_ = response.Body.Close() // it was not read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready: it answers %s", url, response.Status)
	}
	return nil
}
