package e2e

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/controllers"
	"github.com/velero-locations/velero-locations/e2e/cluster"
)

const (
	// certificatesTime is how long controllers are started and stopped, and Secrets deleted.
	certificatesTime = 5 * time.Second
)

var (
	secretsResource     = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	apiServicesResource = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
)

// TestCertificates runs two certificates controllers, each of which is stopped and started again at random moments, while either
// Secret is deleted at random moments. Of all that is written, in the order in which etcd has it: the server never gets a
// certificate of an authority that has not been stored, or that some APIService does not trust, and no APIService ever ceases to
// trust the certificate that the server has.
func TestCertificates(t *testing.T) {
	c := cluster.StartAPI(t)
	deploy := filepath.Join(cluster.Repository(t), "deploy", "base")
	for _, file := range []string{"namespace.yaml", "network.yaml", "apiservices.yaml"} {
		c.Kubectl(t, "apply", "-f", filepath.Join(deploy, file))
	}
	client, err := dynamic.NewForConfig(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	h := &history{t: t}
	h.record(client.Resource(secretsResource).Namespace(home))
	h.record(client.Resource(apiServicesResource))

	ctx, stop := context.WithTimeout(t.Context(), 10*certificatesTime)
	defer stop()
	var all sync.WaitGroup
	all.Go(func() {
		for begun := time.Now(); ctx.Err() == nil; time.Sleep(time.Second) {
			if seen, err := h.replay(); time.Since(begun) > certificatesTime && err == nil && seen.enough() {
				stop()
			}
		}
	})
	for range 2 {
		all.Go(func() {
			for ctx.Err() == nil {
				run, end := context.WithTimeout(ctx, time.Duration(rand.Int64N(int64(300*time.Millisecond))))
				keepCertificates(run, t, c)
				end()
			}
		})
	}
	for _, name := range []string{cluster.AuthoritySecret, cluster.ServingSecret} {
		all.Go(func() {
			for ctx.Err() == nil {
				time.Sleep(time.Duration(rand.Int64N(int64(200 * time.Millisecond))))
				err := client.Resource(secretsResource).Namespace(home).Delete(t.Context(), name, metav1.DeleteOptions{})
				if err != nil && !apierrors.IsNotFound(err) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()

	last, end := context.WithCancel(t.Context())
	defer end()
	all.Go(func() { keepCertificates(last, t, c) })
	var seen *world
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(err)
		}
	})
	devtest.Poll(t, 20*time.Second, "all to trust the server, whose certificate is of the authority that is stored", func() bool {
		seen, err = h.replay() // which may lack what one watch has not seen yet, and another has
		return err == nil && seen.settled()
	})
	end()
	all.Wait()
	t.Logf("%d changes: %d authorities, %d certificates", seen.changes, len(seen.stored), seen.certificates)
	if !seen.enough() {
		t.Error("too little has happened to show anything")
	}
}

// enough says whether so much has happened that it shows something.
func (w *world) enough() bool { return len(w.stored) >= 5 && w.certificates >= 5 }

// keepCertificates runs the controller until the context ends.
func keepCertificates(ctx context.Context, t *testing.T, c *cluster.Cluster) {
	t.Helper()
	opts := controllers.NewOptions()
	opts.Controllers = []string{"certificates"}
	if err := controllers.Run(ctx, c.Config, opts); err != nil && ctx.Err() == nil {
		t.Error(err)
	}
}

// history is what has been written.
type history struct {
	t      *testing.T
	mu     sync.Mutex
	events []event
}

type event struct {
	revision int64
	deleted  bool
	object   *unstructured.Unstructured
}

// record notes the changes of a kind of objects until the test ends.
func (h *history) record(objects dynamic.ResourceInterface) {
	h.t.Helper()
	list, err := objects.List(h.t.Context(), metav1.ListOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	changes, err := objects.Watch(h.t.Context(), metav1.ListOptions{ResourceVersion: list.GetResourceVersion()})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, object := range list.Items {
		h.add(watch.Event{Type: watch.Added, Object: &object})
	}
	go func() {
		for change := range changes.ResultChan() {
			h.add(change)
		}
	}()
}

func (h *history) add(change watch.Event) {
	object, ok := change.Object.(*unstructured.Unstructured)
	if h.t.Context().Err() != nil {
		return // the test is over, and its watches end with an error
	}
	if !ok {
		h.t.Errorf("the watch has a %T: %v", change.Object, change.Object)
		return
	}
	revision, err := strconv.ParseInt(object.GetResourceVersion(), 10, 64)
	if err != nil {
		h.t.Error(err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event{revision: revision, deleted: change.Type == watch.Deleted, object: object})
}

// world is what there is at one revision.
type world struct {
	stored                []*x509.Certificate // authorities, as they came
	authority             *x509.Certificate   // nil: none is stored
	bundles               map[string]*x509.CertPool
	leaf                  *x509.Certificate // nil: the server has none
	changes, certificates int
}

// replay goes through what has been written, and says what should not have been.
func (h *history) replay() (*world, error) {
	h.mu.Lock()
	events := slices.Clone(h.events)
	h.mu.Unlock()
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(a.revision, b.revision) })
	w := &world{bundles: map[string]*x509.CertPool{}}
	for _, e := range events {
		if err := w.apply(e); err != nil {
			return nil, fmt.Errorf("revision %d, %s %s: %w", e.revision, e.object.GetKind(), e.object.GetName(), err)
		}
	}
	return w, nil
}

func (w *world) apply(e event) error {
	w.changes++
	switch name := e.object.GetName(); {
	case e.object.GetKind() == "APIService":
		encoded, _, _ := unstructured.NestedString(e.object.Object, "spec", "caBundle")
		if service, _, _ := unstructured.NestedString(e.object.Object, "spec", "service", "name"); service == "" {
			return nil // kube-apiserver's own
		}
		bundle, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return err
		}
		w.bundles[name] = x509.NewCertPool()
		w.bundles[name].AppendCertsFromPEM(bundle)
		return w.trusted()
	case name == cluster.AuthoritySecret && e.deleted:
		w.authority = nil
	case name == cluster.AuthoritySecret:
		block, _ := pem.Decode(data(e.object, corev1.ServiceAccountRootCAKey))
		authority, err := x509.ParseCertificate(block.Bytes)
		w.authority, w.stored = authority, append(w.stored, authority)
		return err
	case name == cluster.ServingSecret && e.deleted:
		w.leaf = nil
	case name == cluster.ServingSecret:
		pair, err := tls.X509KeyPair(data(e.object, corev1.TLSCertKey), data(e.object, corev1.TLSPrivateKeyKey))
		if err != nil {
			return err
		}
		w.leaf = pair.Leaf
		w.certificates++
		if !slices.ContainsFunc(w.stored, signed(w.leaf)) {
			return fmt.Errorf("the certificate is of %s, which has never been stored", w.leaf.Issuer)
		}
		return w.trusted()
	}
	return nil
}

// trusted says which APIService does not trust the certificate that the server has.
func (w *world) trusted() error {
	if w.leaf == nil {
		return nil
	}
	for name, bundle := range w.bundles {
		if _, err := w.leaf.Verify(x509.VerifyOptions{DNSName: "velero-locations." + home + ".svc", Roots: bundle}); err != nil {
			return fmt.Errorf("APIService %s does not trust the certificate of %s: %w", name, w.leaf.Issuer, err)
		}
	}
	return nil
}

// settled says whether all is as it is to be when nobody interferes.
func (w *world) settled() bool {
	return w.leaf != nil && w.authority != nil && signed(w.leaf)(w.authority)
}

func signed(leaf *x509.Certificate) func(*x509.Certificate) bool {
	return func(authority *x509.Certificate) bool { return leaf.CheckSignatureFrom(authority) == nil }
}

func data(secret *unstructured.Unstructured, key string) []byte {
	encoded, _, _ := unstructured.NestedString(secret.Object, "data", key)
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil
	}
	return decoded
}
