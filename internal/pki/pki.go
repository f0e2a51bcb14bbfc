// Package pki makes certificate authorities, and the certificates of servers and clients that they sign.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"time"
)

const (
	ecKey             = "EC PRIVATE KEY"
	authorityValidity = 10 * 365 * 24 * time.Hour
	// CertificateValidity is how long a certificate is good for.
	CertificateValidity = 365 * 24 * time.Hour
	// clockSkew that a certificate's start is set back by.
	clockSkew = 5 * time.Minute
)

// Authority signs certificates.
type Authority struct {
	// CertPEM is what clients trust.
	CertPEM []byte
	// KeyPEM is for the authority alone.
	KeyPEM []byte

	cert *x509.Certificate
	key  crypto.Signer
}

// KeyPair is a certificate and its key, PEM-encoded.
type KeyPair struct {
	CertPEM, KeyPEM []byte
}

// New makes an authority. Its name ends with the beginning of its key's identifier, since who does not trust a certificate tells
// of the authority by its name, and two of one name look alike.
func New(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	id, err := keyID(key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s %x", name, id[:4])},
		SubjectKeyId:          id,
		NotAfter:              time.Now().Add(authorityValidity),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	cert, err := sign(template, template, key, key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	pair, err := encode(cert, key)
	if err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	return &Authority{CertPEM: pair.CertPEM, KeyPEM: pair.KeyPEM, cert: cert, key: key}, nil
}

// keyID identifies a key, as x509 would: by a hash. What the key signs names it.
func keyID(key *ecdsa.PrivateKey) ([]byte, error) {
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(public)
	return sum[:20], nil
}

// Load reads an authority from a file. Where there is none it makes one and has it written, for its owner's eyes only, so
// that what trusts it goes on to do so. One that nobody could trust is an error.
func Load(path, name string, write func(path string, data []byte) error) (*Authority, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		authority, err := New(name)
		if err != nil {
			return nil, err
		}
		return authority, write(path, append(authority.CertPEM, authority.KeyPEM...))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the certificate authority: %w", err)
	}
	authority, err := parseFile(data)
	if err == nil {
		err = authority.check(time.Now())
	}
	if err != nil {
		return nil, fmt.Errorf("reading the certificate authority %s: %w: restore it, or remove it to have a new one made", path, err)
	}
	return authority, nil
}

// parseFile reads an authority from the certificate and the key of one file.
func parseFile(data []byte) (*Authority, error) {
	certBlock, rest := pem.Decode(data)
	if certBlock == nil {
		return nil, errors.New("it holds no certificate")
	}
	return Parse(pem.EncodeToMemory(certBlock), rest)
}

// check says why an authority of this package's making is of no use: what it signs would be refused, without a word to its server.
func (a *Authority) check(now time.Time) error {
	public, ok := a.key.Public().(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case !a.cert.IsCA || a.cert.CheckSignatureFrom(a.cert) != nil:
		return errors.New("its certificate is damaged: it is not signed by its own key")
	case !ok || !public.Equal(a.cert.PublicKey):
		return errors.New("its key is not that of its certificate")
	case now.Before(a.cert.NotBefore):
		return fmt.Errorf("it is valid from %s only, and the clock says %s", a.cert.NotBefore.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case now.After(a.cert.NotAfter):
		return fmt.Errorf("it ended at %s, and the clock says %s", a.cert.NotAfter.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}

// Parse reads an authority from PEM. Its own certificate is the first of several.
func Parse(certPEM, keyPEM []byte) (*Authority, error) {
	block, _ := pem.Decode(certPEM)
	if block == nil {
		return nil, errors.New("there is no certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	key, err := parseKey(keyPEM)
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	return &Authority{CertPEM: pem.EncodeToMemory(block), KeyPEM: keyPEM, cert: cert, key: key}, nil
}

// parseKey reads a key in any of the forms in which PEM holds one, after whatever else stands there, such as a curve's parameters.
func parseKey(keyPEM []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(keyPEM); block != nil; block, rest = pem.Decode(rest) {
		var key any
		var err error
		switch block.Type {
		case ecKey:
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, fmt.Errorf("the key is a %T, which signs nothing", key)
		}
		return signer, nil
	}
	return nil, errors.New("there is no private key")
}

// Expires is when the authority's certificate ends, and with it all that it signs.
func (a *Authority) Expires() time.Time { return a.cert.NotAfter }

// Signed says whether a certificate is the authority's.
func (a *Authority) Signed(cert *x509.Certificate) bool {
	return cert.CheckSignatureFrom(a.cert) == nil
}

// Serving returns the certificate of a server on loopback, with more names that it has.
func (a *Authority) Serving(names ...string) (KeyPair, error) {
	return a.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "localhost"},
		DNSNames:    append([]string{"localhost", "*.localhost"}, names...),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// Issue returns a certificate as the template has it, with a key of its own.
func (a *Authority) Issue(template *x509.Certificate) (KeyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return KeyPair{}, fmt.Errorf("making a certificate for %s: %w", template.Subject, err)
	}
	template.NotAfter = time.Now().Add(CertificateValidity)
	cert, err := sign(template, a.cert, key, a.key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("making a certificate for %s: %w", template.Subject, err)
	}
	return encode(cert, key)
}

func sign(template, parent *x509.Certificate, key *ecdsa.PrivateKey, signer crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore = time.Now().Add(-clockSkew)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func encode(cert *x509.Certificate, key *ecdsa.PrivateKey) (KeyPair, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return KeyPair{}, fmt.Errorf("encoding a key: %w", err)
	}
	return KeyPair{
		CertPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
		KeyPEM:  pem.EncodeToMemory(&pem.Block{Type: ecKey, Bytes: der}),
	}, nil
}
