package s3_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestHosts addresses buckets by host, at localhost and at a domain of the configuration.
func TestHosts(t *testing.T) {
	config := twoAccounts()
	config.S3.Domains = []string{"s3.example.org", "example.org"}
	c := start(t, config)
	c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/dir/k", "text")
	for host, path := range map[string]string{
		"alice-home.localhost:9000": "/dir/k", "alice-home.s3.example.org": "/dir/k", "localhost": "/alice-home/dir/k",
		"s3.example.org:9000": "/alice-home/dir/k", "s3.localhost": "/alice-home/dir/k", "127.0.0.1": "/alice-home/dir/k",
	} {
		response := c.send(t, aliceKey, "us-east-1", http.MethodGet, path, "", func(r *http.Request) { r.Host = host })
		if got := text(t, response); got != "text" {
			t.Errorf("%s%s: %s", host, path, got)
		}
	}
	response := c.send(t, aliceKey, "us-east-1", http.MethodGet, "/?list-type=2", "", func(r *http.Request) { r.Host = "alice-home.localhost" })
	if got := text(t, response); !strings.Contains(got, "<Key>dir/k</Key>") {
		t.Errorf("listing by host: %s", got)
	}
}
