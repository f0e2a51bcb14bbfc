package endpoint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/velero-locations/velero-locations/internal/pki"
)

// TestBothOnOnePort serves HTTP and HTTPS beside connections that send nothing, which also do not keep it from stopping.
func TestBothOnOnePort(t *testing.T) {
	authority, err := pki.New("test")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Serving()
	if err != nil {
		t.Fatal(err)
	}
	config, err := TLSConfig(pair.CertPEM, pair.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Serve(ctx, inner, config, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			scheme := "http "
			if r.TLS != nil {
				scheme = "https "
			}
			_, _ = io.WriteString(w, scheme+r.Proto+string(body))
		}))
	}()
	for range 100 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority.CertPEM)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	for _, scheme := range []string{"http", "https"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+inner.Addr().String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(body) != scheme+" HTTP/1.1" {
			t.Errorf("%s: %q, %v", scheme, body, err)
		}
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
