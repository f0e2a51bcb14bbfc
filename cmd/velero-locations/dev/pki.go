package dev

import (
	"crypto/x509"
	"crypto/x509/pkix"

	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/client-go/rest"

	"github.com/velero-locations/velero-locations/internal/datadir"
	"github.com/velero-locations/velero-locations/internal/pki"
)

// loadAuthority reads the authority from the data directory, or makes it there. It is kept from one start to the next, so
// that a kubeconfig stays good; what it signs is made anew at each start.
func (d *dev) loadAuthority() (*pki.Authority, error) {
	return pki.Load(d.path("ca.pem"), "velero-locations-dev", datadir.WriteFile)
}

// administrator returns the certificate of the user who may do everything.
func administrator(authority *pki.Authority) (pki.KeyPair, error) {
	return issue(authority, "dev", user.SystemPrivilegedGroup)
}

// asController returns a config for the controllers, which are to the server what they are in a cluster: a service account.
func asController(config *rest.Config, authority *pki.Authority) (*rest.Config, error) {
	name := serviceaccount.MakeUsername("velero-locations", "velero-locations-controller")
	pair, err := issue(authority, name, user.SystemPrivilegedGroup, serviceaccount.AllServiceAccountsGroup)
	if err != nil {
		return nil, err
	}
	own := rest.CopyConfig(config)
	own.CertData, own.KeyData = pair.CertPEM, pair.KeyPEM
	return own, nil
}

// issue returns the certificate of a user.
func issue(authority *pki.Authority, name string, groups ...string) (pki.KeyPair, error) {
	return authority.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}
