package simulator

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/velero-locations/velero-locations/simulator/console"
	"github.com/velero-locations/velero-locations/simulator/internal/endpoint"
	"github.com/velero-locations/velero-locations/simulator/s3"
)

// Endpoints say where a simulator is served. All but metadata and the control API answer https:// at the same address, too.
type Endpoints struct {
	// S3 is the URL of the global endpoint.
	S3 string `json:"s3"`
	// S3Regions are the URLs of the endpoints of regions, by region. Those without an address of their own are found by their name
	// at the global endpoint's, if localhost is that.
	S3Regions map[string]string `json:"s3Regions,omitempty"`
	// EC2 is the URL of EC2 and STS; empty without one.
	EC2 string `json:"ec2,omitempty"`
	// EC2Regions are the URLs of EC2 and STS of regions, by region.
	EC2Regions map[string]string `json:"ec2Regions,omitempty"`
	// Clouds is the URL of the simulated Azure and the simulated Portworx; empty without one.
	Clouds string `json:"clouds,omitempty"`
	// Metadata is the URL of the instance metadata service, and of containers' keys; empty without one.
	Metadata string `json:"metadata,omitempty"`
	// Control is the URL of the control API; empty without one.
	Control string `json:"control,omitempty"`
	// Console is the URL of the page that shows all this, with the token by which it may change something; empty without a control API.
	Console string `json:"console,omitempty"`
}

// listeners are the addresses that were opened and are not served yet.
type listeners struct {
	mu      sync.Mutex
	open    []listening
	regions map[string]string // host:port
	// endpoints are what Listen returned.
	endpoints Endpoints
}

type listening struct {
	net.Listener
	handler http.Handler
	https   bool
}

// Listen opens the addresses of the configuration, so that an error comes before anything else is done, and writes the
// configuration's CAFile. Run serves them; Close closes those that Run did not get.
func (s *Simulator) Listen(ctx context.Context) (Endpoints, error) {
	if s.config.CAFile != "" {
		if err := os.WriteFile(s.config.CAFile, s.CertPEM(), 0o644); err != nil {
			return Endpoints{}, fmt.Errorf("caFile: writing the certificate: %w", err)
		}
	}
	out := Endpoints{S3Regions: map[string]string{}}
	var err error
	if out.S3, err = s.listen(ctx, "s3.address", s.config.S3.Address, s.withS3Health(s.Handler()), true); err != nil {
		return out, err
	}
	for region, address := range s.config.S3.RegionalAddresses {
		opened, err := s.listen(ctx, "s3.regionalAddresses."+region, address, s.withS3Health(s.RegionalHandler(region)), true)
		if err != nil {
			return out, err
		}
		out.S3Regions[region] = opened
		s.setRegionalEndpoint(region, opened)
	}
	s.nameRegions(&out)
	if err := s.listenEC2(ctx, &out); err != nil {
		return out, err
	}
	if err := s.listenClouds(ctx, &out); err != nil {
		return out, err
	}
	if address := s.config.Metadata.Address; address != "" {
		if out.Metadata, err = s.listen(ctx, "metadata.address", address, endpoint.OnlyHosts(s.withHealth(s.MetadataHandler()), s.config.Metadata.Hosts), false); err != nil {
			return out, err
		}
	}
	return out, s.listenControl(ctx, &out)
}

// listenControl opens the address of the control API and of the page beside it.
func (s *Simulator) listenControl(ctx context.Context, out *Endpoints) error {
	address := s.config.Control.Address
	if address == "" {
		return nil
	}
	token := rand.Text()
	site, err := console.New(token, console.Sources{Simulator: s.ControlHandler(), Cluster: s.cluster})
	if err != nil {
		return fmt.Errorf("the console: %w", err)
	}
	if out.Control, err = s.listen(ctx, "control.address", address, endpoint.OnlyHosts(s.withHealth(site), s.config.Control.Hosts), false); err != nil {
		return err
	}
	out.Console = console.URL(out.Control, token)
	s.listeners.mu.Lock()
	defer s.listeners.mu.Unlock()
	s.listeners.endpoints = *out
	return nil
}

// addresses are the URLs that Listen opened, by what answers there, but for that of the console, which has its token.
func (s *Simulator) addresses() map[string]string {
	s.listeners.mu.Lock()
	defer s.listeners.mu.Unlock()
	e := s.listeners.endpoints
	out := map[string]string{"S3": e.S3, "EC2": e.EC2, "clouds": e.Clouds, "metadata": e.Metadata, "control": e.Control}
	for service, regions := range map[string]map[string]string{"S3": e.S3Regions, "EC2": e.EC2Regions} {
		for region, url := range regions {
			out[service+" of "+region] = url
		}
	}
	maps.DeleteFunc(out, func(_, url string) bool { return url == "" })
	return out
}

func (s *Simulator) listen(ctx context.Context, field, address string, handler http.Handler, https bool) (url string, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return "", fmt.Errorf("%s: opening the address: %w", field, err)
	}
	s.listeners.mu.Lock()
	defer s.listeners.mu.Unlock()
	s.listeners.open = append(s.listeners.open, listening{listener, handler, https})
	return "http://" + listener.Addr().String(), nil
}

// withHealth answers /healthz and /readyz at an address.
func (s *Simulator) withHealth(handler http.Handler) http.Handler {
	return endpoint.WithHealth(handler, s.ready, nil)
}

// withS3Health does so where these paths are buckets, too, for requests that could not be about one.
func (s *Simulator) withS3Health(handler http.Handler) http.Handler {
	return endpoint.WithHealth(handler, s.ready, func(r *http.Request) bool { return !s.s3.IsPlain(r) })
}

// ready says whether all addresses that were opened are served.
func (s *Simulator) ready() bool {
	s.listeners.mu.Lock()
	defer s.listeners.mu.Unlock()
	return len(s.listeners.open) == 0
}

func (s *Simulator) setRegionalEndpoint(region, url string) {
	s.listeners.mu.Lock()
	defer s.listeners.mu.Unlock()
	if s.listeners.regions == nil {
		s.listeners.regions = map[string]string{}
	}
	s.listeners.regions[region] = url[len("http://"):]
}

// nameRegions tells where regions without an address of their own are served: where the global endpoint is, by their names.
func (s *Simulator) nameRegions(out *Endpoints) {
	address, err := netip.ParseAddrPort(out.S3[len("http://"):])
	if err != nil || !isLocalhost(address.Addr()) {
		return
	}
	for _, region := range s.config.Regions {
		if out.S3Regions[region] == "" {
			out.S3Regions[region] = fmt.Sprintf("http://%s:%d", s3.RegionHost(region, localDomain), address.Port())
		}
	}
}

// isLocalhost says whether whoever listens at an address is found by the name of this machine, which others of 127.0.0.0/8 have not.
func isLocalhost(address netip.Addr) bool {
	return address.IsUnspecified() || address == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || address == netip.IPv6Loopback()
}

// localDomain is the domain whose names are all of this machine.
const localDomain = "localhost"

// regionNames are the names of the endpoints of regions, and of buckets there.
func (s *Simulator) regionNames() []string {
	var names []string
	for _, region := range s.config.Regions {
		name := s3.RegionHost(region, localDomain)
		names = append(names, name, "*."+name)
	}
	return names
}

// regionalEndpoint returns host:port of the endpoint of a region that has an address of its own, or nothing.
func (s *Simulator) regionalEndpoint(region string) string {
	s.listeners.mu.Lock()
	defer s.listeners.mu.Unlock()
	return s.listeners.regions[region]
}

// Run serves what Listen opened until the context is done, then lets the requests under way come to their end for a
// moment. It returns nil when it was the context that ended it.
func (s *Simulator) Run(ctx context.Context) error {
	s.listeners.mu.Lock()
	open := s.listeners.open
	s.listeners.open = nil
	s.listeners.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range open {
		group.Go(func() error { return s.serve(ctx, l) })
	}
	return group.Wait()
}

// Serve serves the global endpoint of S3 on a listener of the caller's, as Run does.
func (s *Simulator) Serve(ctx context.Context, listener net.Listener) error {
	return s.serve(ctx, listening{listener, s.withS3Health(s.Handler()), true})
}

func (s *Simulator) serve(ctx context.Context, l listening) error {
	if !l.https {
		return endpoint.Serve(ctx, l.Listener, nil, l.handler)
	}
	certificate, err := s.authority.Serving(s.regionNames()...)
	if err != nil {
		return err
	}
	config, err := endpoint.TLSConfig(certificate.CertPEM, certificate.KeyPEM)
	if err != nil {
		return err
	}
	return endpoint.Serve(ctx, l.Listener, config, l.handler)
}

// Close releases the data directory and addresses that were opened but never served. What was answered before is kept on disk.
func (s *Simulator) Close() error {
	var problems []error
	s.listeners.mu.Lock()
	for _, l := range s.listeners.open {
		problems = append(problems, l.Close())
	}
	s.listeners.open = nil
	s.listeners.mu.Unlock()
	s.events.Close()
	if err := errors.Join(s.store.Close(), s.volumes.Close(), s.azure.Close(), s.portworx.Close(), s.accounts.Close()); err != nil {
		problems = append(problems, fmt.Errorf("closing the simulator's storage: %w", err))
	}
	return errors.Join(problems...)
}
