// Package certificates is the controller that keeps an aggregated API server in certificates: it makes an authority, tells
// kube-apiserver to trust it, and renews the certificate that the server serves with, all before what was there ends.
package certificates

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/velero-locations/velero-locations/internal/pki"
)

const (
	// interval at which everything is looked at.
	interval = 30 * time.Second
	// spread is how long all instances of kube-apiserver have to learn of another authority, before the server has a certificate of it.
	spread = 5 * time.Second
	// renewBefore its end a certificate is replaced.
	renewBefore = pki.CertificateValidity / 3
	// authorityKey is where the authority's key stands in its Secret.
	authorityKey = "ca.key"
)

// backoff is how soon after an error everything is looked at again.
var backoff = wait.Backoff{Duration: time.Second, Factor: 2, Cap: interval, Steps: math.MaxInt}

var apiServices = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}

// Options say whose certificates are kept.
type Options struct {
	// Namespace and Service are where kube-apiserver reaches the server. The Secrets are in the same namespace:
	// SERVICE-serving with the server's certificate, and SERVICE-authority, which only this controller reads.
	Namespace, Service string
	// APIServices are those that point to the Service. One that is not there is left alone, as is one that points elsewhere.
	APIServices []string
	// FieldOwner is who the API server is told writes.
	FieldOwner string
}

// keeper keeps the certificates of one server.
type keeper struct {
	opts        Options
	secrets     typedcorev1.SecretInterface
	apiServices dynamic.ResourceInterface
	now         func() time.Time
	spread      time.Duration
	// kept says that everything was as it should be, once at least.
	kept atomic.Bool
}

// Setup adds the controller to a manager.
func Setup(mgr manager.Manager, opts Options) error {
	kube, err := kubernetes.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("making a client for Secrets: %w", err)
	}
	objects, err := dynamic.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return fmt.Errorf("making a client for APIServices: %w", err)
	}
	k := &keeper{opts: opts, secrets: kube.CoreV1().Secrets(opts.Namespace), apiServices: objects.Resource(apiServices), now: time.Now, spread: spread}
	if err := mgr.AddReadyzCheck("certificates", k.ready); err != nil {
		return fmt.Errorf("adding the readiness probe: %w", err)
	}
	return mgr.Add(manager.RunnableFunc(k.run))
}

// ready is a probe: the server has what it needs.
func (k *keeper) ready(*http.Request) error {
	if !k.kept.Load() {
		return errors.New("the API server's certificates are not made yet")
	}
	return nil
}

func (k *keeper) run(ctx context.Context) error {
	retry := backoff
	for pause := time.Duration(0); sleep(ctx, pause); {
		err := k.keep(ctx)
		if err == nil {
			k.kept.Store(true)
			pause, retry = interval, backoff
			continue
		}
		pause = retry.Step()
		if ctx.Err() == nil {
			klog.FromContext(ctx).Error(err, "Keeping the API server's certificates", "service", klog.KRef(k.opts.Namespace, k.opts.Service), "again", pause)
		}
	}
	return nil
}

// sleep says whether the context has not ended meanwhile.
func sleep(ctx context.Context, pause time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// keep makes and renews what needs it. kube-apiserver is told of an authority before the server has a certificate of it, and
// trusts those before until they have ended, so that no request fails meanwhile. What is written is read before the authority
// that it is written for, and only written as it was read: so another controller's write, for an authority that has taken the
// place of ours meanwhile, stands.
func (k *keeper) keep(ctx context.Context) error {
	serving, found, err := k.secret(ctx, "-serving")
	if err != nil {
		return err
	}
	apiServices, err := k.pointing(ctx)
	if err != nil {
		return err
	}
	authority, trusted, err := k.authority(ctx)
	if err != nil {
		return err
	}
	news := false
	for _, apiService := range apiServices {
		written, err := k.trust(ctx, apiService, trusted)
		if err != nil {
			return fmt.Errorf("writing the authority into APIService %q: %w", apiService.GetName(), err)
		}
		news = news || written
	}
	if news && k.serves(serving) && !sleep(ctx, k.spread) {
		return ctx.Err()
	}
	return k.serve(ctx, serving, found, authority, trusted)
}

// authority returns the authority that signs, and the certificates of all that are to be trusted, the former first.
func (k *keeper) authority(ctx context.Context) (*pki.Authority, []byte, error) {
	secret, found, err := k.secret(ctx, "-authority")
	if err != nil {
		return nil, nil, err
	}
	trusted := secret.Data[corev1.ServiceAccountRootCAKey]
	if len(trusted) > 0 {
		authority, err := pki.Parse(trusted, secret.Data[authorityKey])
		if err != nil {
			return nil, nil, fmt.Errorf("reading Secret %q (deleting it has a new one made): %w", secret.Name, err)
		}
		if k.now().Add(pki.CertificateValidity).Before(authority.Expires()) {
			return authority, trusted, nil
		}
	}
	authority, err := pki.New(k.opts.Service)
	if err != nil {
		return nil, nil, err
	}
	trusted = k.joined(authority.CertPEM, trusted)
	return authority, trusted, k.write(ctx, secret, found, map[string][]byte{corev1.ServiceAccountRootCAKey: trusted, authorityKey: authority.KeyPEM})
}

// joined returns certificates and, behind them, those of others that are not among them and have not ended.
func (k *keeper) joined(certificates, others []byte) []byte {
	all := bytes.Clone(certificates)
	for block, rest := pem.Decode(others); block != nil; block, rest = pem.Decode(rest) {
		encoded := pem.EncodeToMemory(block)
		cert, err := x509.ParseCertificate(block.Bytes)
		if err == nil && k.now().Before(cert.NotAfter) && !bytes.Contains(all, encoded) {
			all = append(all, encoded...)
		}
	}
	return all
}

// pointing returns the APIServices that there are and that point to the server.
func (k *keeper) pointing(ctx context.Context) ([]*unstructured.Unstructured, error) {
	var found []*unstructured.Unstructured
	for _, name := range k.opts.APIServices {
		apiService, err := k.apiServices.Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return nil, fmt.Errorf("reading APIService %q: %w", name, err)
		case text(apiService, "service", "name") == k.opts.Service && text(apiService, "service", "namespace") == k.opts.Namespace:
			found = append(found, apiService)
		}
	}
	return found, nil
}

// trust writes certificates into an APIService. Those that it has stay until they end, even if nobody else knows of them any
// more: a server may still have a certificate of an authority whose Secret was lost.
func (k *keeper) trust(ctx context.Context, apiService *unstructured.Unstructured, trusted []byte) (written bool, err error) {
	current := text(apiService, "caBundle")
	before, err := base64.StdEncoding.DecodeString(current)
	if err != nil {
		before = nil // kube-apiserver takes no such thing
	}
	bundle := base64.StdEncoding.EncodeToString(k.joined(trusted, before))
	if bundle == current {
		return false, nil
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": apiService.GetResourceVersion()},
		"spec":     map[string]any{"caBundle": bundle},
	})
	if err != nil {
		return false, err
	}
	_, err = k.apiServices.Patch(ctx, apiService.GetName(), types.MergePatchType, patch, metav1.PatchOptions{FieldManager: k.opts.FieldOwner})
	return err == nil, err
}

// serves says whether the server can have answers taken by those who trusted it until now.
func (k *keeper) serves(secret *corev1.Secret) bool {
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	return err == nil && k.now().Before(pair.Leaf.NotAfter)
}

// text is a field of the spec, empty if it is not there.
func text(apiService *unstructured.Unstructured, field ...string) string {
	value, _, _ := unstructured.NestedString(apiService.Object, append([]string{"spec"}, field...)...)
	return value
}

// serve gives the server a certificate of the authority, unless it has one that is good for a while.
func (k *keeper) serve(ctx context.Context, secret *corev1.Secret, found bool, authority *pki.Authority, trusted []byte) error {
	host := fmt.Sprintf("%s.%s.svc", k.opts.Service, k.opts.Namespace)
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err == nil && k.good(pair.Leaf, authority, host) && bytes.Equal(secret.Data[corev1.ServiceAccountRootCAKey], trusted) {
		return nil
	}
	issued, err := authority.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: host},
		DNSNames:    []string{host},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return err
	}
	if !found {
		secret.Type = corev1.SecretTypeTLS // it never changes
	}
	return k.write(ctx, secret, found, map[string][]byte{
		corev1.TLSCertKey: issued.CertPEM, corev1.TLSPrivateKeyKey: issued.KeyPEM, corev1.ServiceAccountRootCAKey: trusted,
	})
}

// good says whether a certificate is the authority's, for the host, and does not end soon.
func (k *keeper) good(cert *x509.Certificate, authority *pki.Authority, host string) bool {
	return authority.Signed(cert) && cert.VerifyHostname(host) == nil && k.now().Add(renewBefore).Before(cert.NotAfter)
}

// secret returns the Secret of the Service with an ending to its name, and whether it was found; otherwise it is one to be made.
func (k *keeper) secret(ctx context.Context, ending string) (secret *corev1.Secret, found bool, err error) {
	name := k.opts.Service + ending
	secret, err = k.secrets.Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: k.opts.Namespace}}, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("reading Secret %q: %w", name, err)
	}
	return secret, true, nil
}

// write writes a Secret that has not changed since it was read. What else is in it stays.
func (k *keeper) write(ctx context.Context, secret *corev1.Secret, found bool, data map[string][]byte) error {
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	maps.Copy(secret.Data, data)
	var err error
	if found {
		_, err = k.secrets.Update(ctx, secret, metav1.UpdateOptions{FieldManager: k.opts.FieldOwner})
	} else {
		_, err = k.secrets.Create(ctx, secret, metav1.CreateOptions{FieldManager: k.opts.FieldOwner})
	}
	if err != nil {
		return fmt.Errorf("writing Secret %q: %w", secret.Name, err)
	}
	return nil
}
