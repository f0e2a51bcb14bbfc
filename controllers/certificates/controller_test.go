package certificates

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/velero-locations/velero-locations/internal/pki"
)

const host = "server.home.svc"

func apiService(name string, service map[string]any) *unstructured.Unstructured {
	spec := map[string]any{}
	if service != nil {
		spec["service"] = service
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": map[string]any{"name": name}, "spec": spec,
	}}
}

func newKeeper() *keeper {
	ours := map[string]any{"name": "server", "namespace": "home"}
	objects := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{apiServices: "APIServiceList"},
		apiService("v1.velero.io", ours), apiService("v1.local", nil), apiService("v1.theirs", map[string]any{"name": "server", "namespace": "theirs"}))
	return &keeper{
		opts:    Options{Namespace: "home", Service: "server", APIServices: []string{"v1.velero.io", "v1.local", "v1.theirs", "v1.missing"}},
		secrets: fake.NewClientset().CoreV1().Secrets("home"), apiServices: objects.Resource(apiServices), now: time.Now,
	}
}

// state is what clients see.
type state struct {
	trusted *x509.CertPool
	bundle  []byte
	leaf    *x509.Certificate
}

func (k *keeper) state(t *testing.T) state {
	t.Helper()
	if err := k.keep(context.Background()); err != nil {
		t.Fatal(err)
	}
	secret, err := k.secrets.Get(context.Background(), "server-serving", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		t.Fatal(err)
	}
	s := state{trusted: x509.NewCertPool(), leaf: pair.Leaf}
	if s.bundle, err = base64.StdEncoding.DecodeString(k.bundle(t, "v1.velero.io")); err != nil {
		t.Fatal(err)
	}
	s.trusted.AppendCertsFromPEM(s.bundle)
	if _, err := s.leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: s.trusted}); err != nil {
		t.Errorf("kube-apiserver does not trust the server: %v", err)
	}
	if secret.Type != corev1.SecretTypeTLS || secret.Data["ca.key"] != nil {
		t.Errorf("the server's Secret is of type %s and has the authority's key: %t", secret.Type, secret.Data["ca.key"] != nil)
	}
	return s
}

func (k *keeper) bundle(t *testing.T, name string) string {
	t.Helper()
	got, err := k.apiServices.Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return text(got, "caBundle")
}

func TestFirstCertificate(t *testing.T) {
	k := newKeeper()
	first := k.state(t)
	for _, name := range []string{"v1.local", "v1.theirs"} {
		if k.bundle(t, name) != "" {
			t.Errorf("APIService %s, which is not ours, was changed", name)
		}
	}
	if again := k.state(t); !again.leaf.Equal(first.leaf) || string(again.bundle) != string(first.bundle) {
		t.Error("a certificate that is good was replaced")
	}
}

func TestRenewal(t *testing.T) {
	k := newKeeper()
	first := k.state(t)
	later := func(d time.Duration) { k.now = func() time.Time { return time.Now().Add(d) } }

	later(pki.CertificateValidity/2 + time.Hour)
	if got := k.state(t); !got.leaf.Equal(first.leaf) {
		t.Error("a certificate was replaced at half its life")
	}
	later(pki.CertificateValidity*3/4 + time.Hour)
	second := k.state(t)
	if second.leaf.Equal(first.leaf) || string(second.bundle) != string(first.bundle) {
		t.Error("a certificate was not renewed, or with another authority")
	}

	// In the authority's last year there is another one. Whoever still serves with the former's certificate is trusted.
	later(9*pki.CertificateValidity + time.Hour)
	third := k.state(t)
	if block, _ := pem.Decode(third.bundle); block == nil || string(pem.EncodeToMemory(block)) == string(first.bundle) {
		t.Error("the authority was not renewed")
	}
	if _, err := second.leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: third.trusted}); err != nil {
		t.Errorf("the server is not trusted before it has its new certificate: %v", err)
	}
	if _, err := third.leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: first.trusted}); err == nil {
		t.Error("the new certificate is of the former authority")
	}

	later(11 * pki.CertificateValidity)
	if n := bytes.Count(k.state(t).bundle, []byte("BEGIN CERTIFICATE")); n != 1 {
		t.Errorf("authorities that have ended are trusted: the bundle has %d", n)
	}
}

// TestMends shows what becomes of Secrets and APIServices that somebody broke.
func TestMends(t *testing.T) {
	k := newKeeper()
	first := k.state(t)
	ctx := context.Background()
	if _, err := k.apiServices.Update(ctx, apiService("v1.velero.io", map[string]any{"name": "server", "namespace": "home"}), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := k.state(t); string(got.bundle) != string(first.bundle) || !got.leaf.Equal(first.leaf) {
		t.Error("an APIService that lost its caBundle did not get it back")
	}
	if err := k.secrets.Delete(ctx, "server-serving", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := k.state(t); string(got.bundle) != string(first.bundle) {
		t.Error("the authority changed with the certificate")
	}
	if err := k.secrets.Delete(ctx, "server-authority", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := k.state(t); string(got.bundle) == string(first.bundle) {
		t.Error("a lost authority was not replaced")
	}
}

// TestTellsFirst shows that kube-apiserver has time to learn of another authority before the server has a certificate of it, unless
// the server has none that anybody trusts.
func TestTellsFirst(t *testing.T) {
	k := newKeeper()
	k.spread = time.Hour
	before := k.state(t) // at once
	if err := k.secrets.Delete(t.Context(), "server-authority", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := k.keep(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the server has a certificate of an authority that nobody had time to learn of: %v", err)
	}
	k.spread = 0
	after := k.state(t)
	if bytes.Equal(after.leaf.Raw, before.leaf.Raw) || !bytes.Contains(after.bundle, before.bundle) || len(after.bundle) <= len(before.bundle) {
		t.Error("the other authority did not come, or in the place of the one before")
	}
}
