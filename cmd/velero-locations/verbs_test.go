package main

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
)

// TestAnonymousIsRefused asks without a client certificate.
func TestAnonymousIsRefused(t *testing.T) {
	s := startDev(t, t.TempDir())
	server := strings.TrimSpace(s.Kubectl(t, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"))
	if !strings.HasPrefix(server, "https://127.0.0.1:") {
		t.Errorf("the server is at %s, want loopback", server)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // who the server is does not matter here
	for _, path := range []string{"/", "/api", "/readyz", "/apis/velero.io/v1/backupstoragelocations", "/metrics"} {
		response, err := client.Get(server + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a certificate: %s, want 401", path, response.Status)
		}
	}
}
