package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/e2e/network"
)

// RoutingFlag has kube-apiserver send requests for aggregated APIs to the endpoints of a Service, as in clusters where it is not
// on the network of Services: there is no kube-proxy here.
const RoutingFlag = "--enable-aggregator-routing=true"

// The readiness probe of servers.
const (
	probePeriod   = time.Second // how often it is looked, and how long a server may take to answer
	probeFailures = 3           // in a row, after which a server is not ready
)

// ServeReplicas serves velero.io by several servers on one etcd behind a Service, whose endpoints are those that are ready, with
// certificates that our controller makes. The cluster has to have the RoutingFlag.
func (c *Cluster) ServeReplicas(tb testing.TB, replicas int, etcd *Etcd, flags ...string) []*Replica {
	tb.Helper()
	c.prepare(tb)
	c.register(tb, "{ports: [{name: https, port: 443}]}", "443", nil)
	c.keepCertificates(tb)
	flags = append(flags, "--etcd-servers", etcd.URLs())
	// The kubelet does not look at certificates.
	client, err := rest.HTTPClientFor(&rest.Config{Timeout: probePeriod, TLSClientConfig: rest.TLSClientConfig{Insecure: true}})
	if err != nil {
		tb.Fatal(err)
	}
	var servers []*Replica
	for i := range replicas {
		name := fmt.Sprintf("%s-%d", program, i)
		host := network.NewHost(tb, name)
		address, port := freeAddressOf(tb, host)
		server := &Replica{
			Name: name, Address: address, Host: host,
			launch: func(tb testing.TB) *process { tb.Helper(); return c.startServer(tb, name, address, flags...) },
			ready:  func() error { return ready(client, "https://"+address+"/readyz") },
		}
		servers = append(servers, server)
		newEndpoint(c.Clientset(tb), name, host.Address(), port).follow(tb, server)
	}
	startAll(tb, servers)
	c.awaitServed(tb)
	return servers
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
