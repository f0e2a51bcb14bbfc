package cluster

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/velero-locations/velero-locations/cmd/velero-locations/dev/devtest"
	"github.com/velero-locations/velero-locations/e2e/network"
	"github.com/velero-locations/velero-locations/internal/pki"
)

// Repository is the root of the source tree that the running test belongs to.
func Repository(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for filepath.Dir(dir) != dir {
		if _, err := os.Stat(filepath.Join(dir, "hack", "tools")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	tb.Fatal("the test does not run in the source tree")
	return ""
}

// Tool is the path of a program that `make tools` or `make build` has built.
func Tool(tb testing.TB, name string) string {
	tb.Helper()
	path, target := filepath.Join(Repository(tb), "hack", "tools", "bin", name), "tools"
	if name == "velero-locations" {
		path, target = filepath.Join(Repository(tb), "bin", name), "build"
	}
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("%v: run `make %s`", err, target)
	}
	return path
}

// write writes a file of the cluster and returns its path.
func (c *Cluster) write(tb testing.TB, data []byte, elem ...string) string {
	tb.Helper()
	path := c.Path(elem...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// link puts the commands of sessions into a directory's bin.
func link(tb testing.TB, dir string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"kubectl", "velero", "velero-locations"} {
		if err := os.Symlink(Tool(tb, name), filepath.Join(dir, "bin", name)); err != nil {
			tb.Fatal(err)
		}
	}
}

// authority makes a certificate authority whose certificate is the file NAME-ca.pem.
func (c *Cluster) authority(tb testing.TB, name string) *pki.Authority {
	tb.Helper()
	authority, err := pki.New(name)
	if err != nil {
		tb.Fatal(err)
	}
	c.write(tb, authority.CertPEM, "pki", name+"-ca.pem")
	return authority
}

// ServingCA is the certificate of the authority of all servers.
func (c *Cluster) ServingCA() string { return c.Path("pki", "serving-ca.pem") }

// issue writes a certificate and its key to NAME.pem and NAME.key.
func (c *Cluster) issue(tb testing.TB, authority *pki.Authority, name string, template *x509.Certificate) pki.KeyPair {
	tb.Helper()
	template.KeyUsage = x509.KeyUsageDigitalSignature
	pair, err := authority.Issue(template)
	if err != nil {
		tb.Fatal(err)
	}
	c.write(tb, pair.CertPEM, "pki", name+".pem")
	c.write(tb, pair.KeyPEM, "pki", name+".key")
	return pair
}

// serving returns the template of a server's certificate.
func serving(names ...string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		DNSNames:    append(names, "localhost"),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(network.Address())},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// client returns the template of a user's certificate.
func client(user string, groups ...string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: user, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
}

// kubeconfig writes a kubeconfig for kube-apiserver.
func (c *Cluster) kubeconfig(tb testing.TB, who *clientcmdapi.AuthInfo, elem ...string) {
	tb.Helper()
	const name = "e2e"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: c.url, CertificateAuthority: c.ServingCA()}
	config.AuthInfos[name] = who
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: Namespace}
	config.CurrentContext = name
	data, err := clientcmd.Write(*config)
	if err != nil {
		tb.Fatal(err)
	}
	c.write(tb, data, elem...)
}

// Config returns the configuration of the clients of a kubeconfig, without a limit of their own.
func Config(tb testing.TB, s devtest.Server) *rest.Config {
	tb.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", s.Path("kubeconfig"))
	if err != nil {
		tb.Fatal(err)
	}
	config.QPS = -1
	return config
}

// As returns the cluster as a user sees it, who is known to kube-apiserver by a certificate.
func (c *Cluster) As(tb testing.TB, user string, groups ...string) devtest.Server {
	tb.Helper()
	pair := c.issue(tb, c.users, user, client(user, groups...))
	c.kubeconfig(tb, &clientcmdapi.AuthInfo{ClientCertificateData: pair.CertPEM, ClientKeyData: pair.KeyPEM}, "users", user, "kubeconfig")
	as := devtest.Server{Dir: c.Path("users", user)}
	link(tb, as.Dir)
	environment := bytes.ReplaceAll(c.environment, []byte(c.Path("kubeconfig")), []byte(as.Path("kubeconfig")))
	c.write(tb, environment, "users", user, "env")
	return as
}

// given are the ports that freeAddress has returned.
var given sync.Map

// freeAddress returns an address on loopback that nothing listens on. Its port is below those that the system gives to
// connections, and to listeners of port 0: one of these could have taken it before it is used.
func freeAddress(tb testing.TB) (address, port string) {
	tb.Helper()
	return free(tb, "127.0.0.1")
}

// freeAddressOf is freeAddress of a host.
func freeAddressOf(tb testing.TB, host *network.Host) (address, port string) {
	tb.Helper()
	host.Do(tb, func() { address, port = free(tb, host.Address()) })
	return address, port
}

func free(tb testing.TB, host string) (address, port string) {
	tb.Helper()
	const first, last = 10_000, 32_000
	for range 100 {
		port = strconv.Itoa(first + rand.IntN(last-first))
		if _, taken := given.LoadOrStore(port, true); taken {
			continue
		}
		address = net.JoinHostPort(host, port)
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
		if err == nil {
			_ = listener.Close()
			return address, port
		}
	}
	tb.Fatal("there is no free port")
	return "", ""
}
