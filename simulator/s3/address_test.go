package s3_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/velero-locations/velero-locations/simulator"
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

// TestHostStyleOnly shows that an endpoint may refuse the bucket in the path, whoever asks and for what, while the others take it.
func TestHostStyleOnly(t *testing.T) {
	config := twoAccounts()
	config.S3.HostStyleOnly = []string{simulator.GlobalEndpoint}
	c := start(t, config)
	for _, tc := range []struct{ method, host, path, want string }{
		{http.MethodGet, "127.0.0.1", "/alice-home?list-type=2", "<Code>SecondLevelDomainForbidden</Code>"},
		{http.MethodPut, "localhost", "/alice-home/key", "<Code>SecondLevelDomainForbidden</Code>"},
		{http.MethodGet, "localhost", "/no-such-bucket/key", "<Code>SecondLevelDomainForbidden</Code>"},
		{http.MethodGet, "alice-home.localhost", "/?list-type=2", "<ListBucketResult"},
		{http.MethodGet, "no-such-bucket.localhost", "/key", "<Code>NoSuchBucket</Code>"},
		{http.MethodGet, "localhost", "/", "<ListAllMyBucketsResult"},
	} {
		response := c.send(t, aliceKey, "us-east-1", tc.method, tc.path, "", func(r *http.Request) { r.Host = tc.host })
		if got := text(t, response); !strings.Contains(got, tc.want) {
			t.Errorf("%s %s%s: got %d %s, want %s", tc.method, tc.host, tc.path, response.StatusCode, got, tc.want)
		}
	}
	regional := httptest.NewServer(c.RegionalHandler("us-east-1"))
	t.Cleanup(regional.Close)
	c.URL = regional.URL
	if got := text(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home?list-type=2", "")); !strings.Contains(got, "<ListBucketResult") {
		t.Errorf("at the endpoint of a region: %s", got)
	}
}
