package main

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/velero-locations/velero-locations/hack/internal/comparison"
	"github.com/velero-locations/velero-locations/internal/pki"
)

// namespace is where all that is measured is.
const namespace = "velero"

// site is a kube-apiserver with its etcd, both as they are released, and what serves velero.io in it.
type site struct {
	options   options
	name, dir string
	// url is where kube-apiserver answers, and directURL where our server does; empty, if there is none.
	url, directURL string
	processes      []*process
	// server is the process that serves velero.io, and again starts it again.
	server *process
	again  func(context.Context) error

	authority *pki.Authority // of all servers
}

// newSite starts a kube-apiserver that knows nothing of velero.io but the namespace. A site that is returned with an error is to be stopped, too.
func newSite(ctx context.Context, o options, name string) (*site, error) {
	s := &site{options: o, name: name, dir: filepath.Join(o.dir, name)}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return s, err
	}
	if err := s.identify(); err != nil {
		return s, err
	}
	etcd, err := s.startEtcd(ctx)
	if err != nil {
		return s, err
	}
	if err := s.startKubernetes(ctx, etcd); err != nil {
		return s, err
	}
	return s, s.kubectl(ctx, "", "create", "namespace", namespace)
}

// stop ends all processes of the site, in the reverse order of their start.
func (s *site) stop() error {
	var problems []error
	for i := len(s.processes) - 1; i >= 0; i-- {
		problems = append(problems, s.processes[i].stop())
	}
	return errors.Join(problems...)
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) tool(name string) string { return filepath.Join(s.options.tools, name) }

// start starts a process of the site.
func (s *site) start(ctx context.Context, name, path string, args ...string) (*process, error) {
	p, err := start(ctx, s.dir, s.name+"-"+name, path, args...)
	if err == nil {
		s.processes = append(s.processes, p)
	}
	return p, err
}

// identify makes the certificates of all who take part.
func (s *site) identify() error {
	authorities := map[string]*pki.Authority{}
	for _, name := range []string{"serving", "users", "front-proxy"} {
		authority, err := pki.New(name)
		if err != nil {
			return err
		}
		authorities[name] = authority
		if err := os.WriteFile(s.path(name+"-ca.pem"), authority.CertPEM, 0o600); err != nil {
			return err
		}
	}
	s.authority = authorities["serving"]
	for name, certificate := range map[string]struct {
		authority *pki.Authority
		template  *x509.Certificate
	}{
		"kube-apiserver": {s.authority, serving("kubernetes.default.svc")},
		"ours":           {s.authority, serving("*." + namespace + ".svc")},
		"front-proxy":    {authorities["front-proxy"], client("front-proxy")},
		"admin":          {authorities["users"], client("admin", "system:masters")},
	} {
		pair, err := certificate.authority.Issue(certificate.template)
		if err != nil {
			return fmt.Errorf("making the certificate of %s: %w", name, err)
		}
		if err := os.WriteFile(s.path(name+".pem"), pair.CertPEM, 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(s.path(name+".key"), pair.KeyPEM, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func serving(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func client(user string, groups ...string) *x509.Certificate {
	return &x509.Certificate{
		Subject:  pkix.Name{CommonName: user, Organization: groups},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

// startEtcd starts an etcd with all guarantees of the disk, as the one inside of our server has them, and room for what a large site keeps.
func (s *site) startEtcd(ctx context.Context) (url string, err error) {
	address, err := comparison.FreeAddress(ctx)
	if err != nil {
		return "", err
	}
	peers, err := comparison.FreeAddress(ctx)
	if err != nil {
		return "", err
	}
	url, peers = "http://"+address, "http://"+peers
	p, err := s.start(ctx, "etcd", s.tool("etcd"), "--data-dir", s.path("etcd"), "--log-level", "warn", "--quota-backend-bytes", "8589934592",
		"--listen-client-urls", url, "--advertise-client-urls", url,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers)
	if err != nil {
		return "", err
	}
	return url, p.await(ctx, http.DefaultClient, url+"/readyz")
}

func (s *site) startKubernetes(ctx context.Context, etcd string) error {
	address, err := comparison.FreeAddress(ctx)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	s.url = "https://" + address
	if err := s.writeKubeconfig(); err != nil {
		return err
	}
	return s.serve(ctx, s.url, "kube-apiserver", s.tool("kube-apiserver"),
		"--bind-address=127.0.0.1", "--secure-port="+port, "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		"--etcd-servers="+etcd, "--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC",
		"--tls-cert-file="+s.path("kube-apiserver.pem"), "--tls-private-key-file="+s.path("kube-apiserver.key"), "--client-ca-file="+s.path("users-ca.pem"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+s.path("kube-apiserver.key"), "--service-account-signing-key-file="+s.path("kube-apiserver.key"),
		"--requestheader-client-ca-file="+s.path("front-proxy-ca.pem"), "--requestheader-allowed-names=front-proxy",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+s.path("front-proxy.pem"), "--proxy-client-key-file="+s.path("front-proxy.key"))
}

// serve starts an API server that is to serve velero.io, waits until it is ready, and remembers how it is started again.
func (s *site) serve(ctx context.Context, url, name, path string, args ...string) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	s.again = func(ctx context.Context) error {
		p, err := s.start(ctx, name, path, args...)
		if err != nil {
			return err
		}
		s.server = p
		return p.await(ctx, client, url+"/readyz")
	}
	return s.again(ctx)
}

// end ends a process of the site.
func (s *site) end(p *process) error {
	s.processes = slices.DeleteFunc(s.processes, func(other *process) bool { return other == p })
	return p.stop()
}

func (s *site) writeKubeconfig() error {
	config := clientcmdapi.NewConfig()
	config.Clusters[s.name] = &clientcmdapi.Cluster{Server: s.url, CertificateAuthority: s.path("serving-ca.pem")}
	config.AuthInfos[s.name] = &clientcmdapi.AuthInfo{ClientCertificate: s.path("admin.pem"), ClientKey: s.path("admin.key")}
	config.Contexts[s.name] = &clientcmdapi.Context{Cluster: s.name, AuthInfo: s.name, Namespace: namespace}
	config.CurrentContext = s.name
	return clientcmd.WriteToFile(*config, s.path("kubeconfig"))
}

// client returns a client with connections of its own, so that what waits on those of another does not hold it up.
func (s *site) client() (*http.Client, error) {
	config, err := rest.TLSConfigFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{
		CAFile: s.path("serving-ca.pem"), CertFile: s.path("admin.pem"), KeyFile: s.path("admin.key"),
	}})
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}, nil
}

// kubectl runs kubectl as the site's administrator.
func (s *site) kubectl(ctx context.Context, input string, args ...string) error {
	cmd := exec.CommandContext(ctx, s.tool("kubectl"), append([]string{"--kubeconfig", s.path("kubeconfig")}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
