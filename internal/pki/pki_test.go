package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(path string, data []byte) error { return os.WriteFile(path, data, 0o600) }

func TestAuthority(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca.pem")
	made, err := Load(path, "test", write)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(path, "test", write)
	if err != nil || !bytes.Equal(loaded.CertPEM, made.CertPEM) {
		t.Fatalf("another authority was loaded: %v", err)
	}
	pair, err := loaded.Serving()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(pair.CertPEM, pair.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(made.CertPEM)
	for _, name := range []string{"localhost", "bucket.localhost", "127.0.0.1", "::1"} {
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "example.org"}); err == nil {
		t.Error("the certificate is good for any name")
	}
}

func TestLoadRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := write(path, []byte("half a file")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, "test", write); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
}

// TestForeignAuthority signs with the authority of somebody else, whose key is of another kind, as those of clusters are.
func TestForeignAuthority(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kubernetes"}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	authority, err := Parse(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Serving()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(pair.CertPEM, pair.KeyPEM)
	if err != nil || !authority.Signed(cert.Leaf) {
		t.Errorf("the authority did not sign the certificate: %v", err)
	}
}

// TestNames shows that authorities of one name can be told apart, and that certificates name the one that signed them.
func TestNames(t *testing.T) {
	first, second := newAuthority(t), newAuthority(t)
	if first.cert.Subject.CommonName == second.cert.Subject.CommonName || !strings.HasPrefix(first.cert.Subject.CommonName, "test ") {
		t.Errorf("the authorities are called %q and %q", first.cert.Subject.CommonName, second.cert.Subject.CommonName)
	}
	pair, err := first.Serving()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(pair.CertPEM)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if cert.Issuer.CommonName != first.cert.Subject.CommonName || !bytes.Equal(cert.AuthorityKeyId, first.cert.SubjectKeyId) || bytes.Equal(cert.AuthorityKeyId, second.cert.SubjectKeyId) {
		t.Errorf("the certificate is of %s, key %x", cert.Issuer, cert.AuthorityKeyId)
	}
}
