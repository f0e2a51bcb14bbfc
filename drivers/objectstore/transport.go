package objectstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/velero-locations/velero-locations/drivers/advice"
	"github.com/velero-locations/velero-locations/locations"
)

// RootCAs returns the authorities that the system trusts and those whose PEM-encoded certificates
// are given. It is an error if no certificate is in the text, or one that cannot be read; Velero
// silently skips those.
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

// stallTimeout is after how long without a byte in either direction a connection is given up.
const stallTimeout = time.Minute

// newTransport returns a transport whose connections are shared with nobody, so that a change of
// certificates takes effect at once.
func (o *S3Options) newTransport() *http.Transport {
	stall := o.StallTimeout
	if stall == 0 {
		stall = stallTimeout
	}
	header := int64(0) // as much as the transport takes
	if o.Brief {
		header = briefHeader
	}
	return &http.Transport{
		MaxResponseHeaderBytes: header,
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: advice.CheckProxy,
		DialContext:            (&dialer{stall: stall}).dial,
		DisableCompression:     true, // as the S3 clients do: sizes and checksums are of what is stored
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            o.RootCAs,
			InsecureSkipVerify: o.InsecureSkipTLSVerify, // spec.config.insecureSkipTLSVerify asks for it
		},
	}
}

// dialer makes connections on which nothing waits for ever: storage that stalls is an error, however
// long a request may take whose bytes flow.
type dialer struct {
	net.Dialer

	stall time.Duration
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &flowing{Conn: conn, stall: d.stall}, nil
}

// flowing is a connection on which each byte, either way, moves the deadline of both directions.
type flowing struct {
	net.Conn

	stall time.Duration
}

func (c *flowing) Read(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err // as the connection's own
	}
	return c.Conn.Read(p) // as the connection's own
}

// Write sends in pieces, so that a large one on a slow line is not taken for a stall.
func (c *flowing) Write(p []byte) (int, error) {
	const piece = 64 << 10
	written := 0
	for {
		if err := c.SetDeadline(time.Now().Add(c.stall)); err != nil {
			return written, err // as the connection's own
		}
		n, err := c.Conn.Write(p[written:min(len(p), written+piece)])
		written += n
		if err != nil || written == len(p) {
			return written, err // as the connection's own
		}
	}
}
