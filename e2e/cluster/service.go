package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// RoutingFlag has kube-apiserver send requests for aggregated APIs to the endpoints of a Service, as in clusters where it is not
// on the network of Services: there is no kube-proxy here.
const RoutingFlag = "--enable-aggregator-routing=true"

// The readiness probe of servers.
const (
	probePeriod   = time.Second // how often it is looked, and how long a server may take to answer
	probeFailures = 3           // in a row, after which a server is not ready
)

// ServeReplicas serves velero.io by several servers on one etcd behind a Service, whose endpoints are those that are ready. The cluster
// has to have the RoutingFlag.
func (c *Cluster) ServeReplicas(tb testing.TB, replicas int, etcd *Etcd, flags ...string) []*Replica {
	tb.Helper()
	c.prepare(tb)
	flags = append(flags, "--etcd-servers", etcd.URLs())
	host := hostAddress(tb)
	client, err := rest.HTTPClientFor(&rest.Config{Timeout: probePeriod, TLSClientConfig: rest.TLSClientConfig{CAFile: c.ServingCA(), ServerName: serviceName}})
	if err != nil {
		tb.Fatal(err)
	}
	var servers []*Replica
	for i := range replicas {
		address, port := freeAddressOf(tb, host)
		name := fmt.Sprintf("%s-%d", program, i)
		server := &Replica{
			Name: name, Address: address,
			launch: func(tb testing.TB) *process { tb.Helper(); return c.startServer(tb, name, address, flags...) },
			ready:  func() error { return ready(client, "https://"+address+"/readyz") },
		}
		servers = append(servers, server)
		newEndpoint(c.Clientset(tb), name, host, port).follow(tb, server)
	}
	startAll(tb, servers)
	c.register(tb, "{ports: [{name: https, port: 443}]}", "443")
	return servers
}

// ShowsServing says whether a server shows the certificate that RenewServing has made last.
func (c *Cluster) ShowsServing(tb testing.TB, server *Replica) bool {
	tb.Helper()
	data, err := os.ReadFile(c.Path("pki", program+".pem"))
	if err != nil {
		tb.Fatal(err)
	}
	block, _ := pem.Decode(data)
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // it is compared below
	connection, err := dialer.DialContext(context.Background(), "tcp", server.Address)
	if err != nil {
		return false
	}
	defer func() { _ = connection.Close() }()
	return bytes.Equal(connection.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw, block.Bytes)
}

// hostAddress is an address of this machine that can be an endpoint, which one on loopback cannot.
func hostAddress(tb testing.TB) string {
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

// endpoint is a server's entry among the endpoints of the Service. Each has a slice of its own, since its port is its own.
type endpoint struct {
	client   kubernetes.Interface
	slice    *discoveryv1.EndpointSlice
	isReady  bool
	failures int
}

func newEndpoint(client kubernetes.Interface, name, host, port string) *endpoint {
	var number int32
	_, _ = fmt.Sscan(port, &number)
	portName, isReady := "https", false
	return &endpoint{client: client, slice: &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: program}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &portName, Port: &number}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{host}, Conditions: discoveryv1.EndpointConditions{Ready: &isReady}}},
	}}
}

// follow does until the test ends what the kubelet and the controller of EndpointSlices do: it takes a server away that has ended, or was told
// to, and one that was not ready three times in a row.
func (e *endpoint) follow(tb testing.TB, server *Replica) {
	tb.Helper()
	slices := e.client.DiscoveryV1().EndpointSlices(home)
	created, err := slices.Create(context.Background(), e.slice, metav1.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	e.slice = created
	ctx, cancel := context.WithCancel(context.Background())
	var probing sync.WaitGroup
	probing.Go(func() {
		for ctx.Err() == nil {
			if now := e.probe(server); now != e.isReady {
				e.slice.Endpoints[0].Conditions.Ready = &now
				if updated, err := slices.Update(ctx, e.slice, metav1.UpdateOptions{}); err == nil {
					e.slice, e.isReady = updated, now
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(probePeriod):
			}
		}
	})
	tb.Cleanup(func() {
		cancel()
		probing.Wait()
	})
}

// probe says whether a server is to be an endpoint.
func (e *endpoint) probe(server *Replica) bool {
	err := server.ready()
	switch {
	case server.stopping.Load(), errors.Is(err, syscall.ECONNREFUSED):
		return false
	case err == nil:
		e.failures = 0
		return true
	}
	e.failures++
	return e.isReady && e.failures < probeFailures
}
