package pki

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
