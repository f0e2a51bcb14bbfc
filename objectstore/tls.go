package objectstore

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
)

// RootCAs returns the authorities that the system trusts and those whose PEM-encoded certificates
// are given. It is an error if no certificate is in the text, or one that cannot be read; Velero
// passes over such silently.
func RootCAs(pemCerts []byte) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without authorities of its own
	}
	found := 0
	for block, rest := pem.Decode(pemCerts); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		found++
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d cannot be read: %w", found, err)
		}
		pool.AddCert(cert)
	}
	if found == 0 {
		return nil, errors.New("no PEM-encoded certificate (-----BEGIN CERTIFICATE-----) is in it")
	}
	return pool, nil
}

// newTransport returns a transport whose connections are shared with nobody, so that a change of
// certificates takes effect at once. Nil roots mean the system's.
func newTransport(roots *x509.CertPool, insecure bool) *http.Transport {
	return &http.Transport{
		Proxy:              http.ProxyFromEnvironment,
		DisableCompression: true, // as the S3 clients do: sizes and checksums are of what is stored
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            roots,
			InsecureSkipVerify: insecure, //nolint:gosec // spec.config.insecureSkipTLSVerify asks for it
		},
	}
}
