package objectstore

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"github.com/velero-locations/velero-locations/locations"
)

// RootCAs returns the authorities that the system trusts and those whose PEM-encoded certificates
// are given. It is an error if no certificate is in the text, or one that cannot be read; Velero
// passes over such silently.
func RootCAs(pemCerts []byte) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without authorities of its own
	}
	certs, err := locations.ParseCertificates(pemCerts)
	if err != nil {
		return nil, err
	}
	for _, cert := range certs {
		pool.AddCert(cert)
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
