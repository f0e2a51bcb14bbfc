package dev

import (
	"crypto/x509"
	"crypto/x509/pkix"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/velero-locations/velero-locations/internal/pki"
)

// loadAuthority reads the authority from the data directory, or makes it there. It is kept from one start to the next, so
// that a kubeconfig stays good; what it signs is made anew at each start.
func (d *dev) loadAuthority() (*pki.Authority, error) {
	return pki.Load(d.path("ca.pem"), "velero-locations-dev", writeFile)
}

// administrator returns the certificate of the user who may do everything.
func administrator(authority *pki.Authority) (pki.KeyPair, error) {
	return authority.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "dev", Organization: []string{user.SystemPrivilegedGroup}},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}
