package dev_test

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// TestRegionalEndpoints finds a bucket from the endpoint of another region, which redirects, and goes on at its own.
func TestRegionalEndpoints(t *testing.T) {
	l := start(t)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port)) // for names below localhost, too
	}}
	t.Cleanup(transport.CloseIdleConnections)
	at := func(endpoint, region string) *minio.Client {
		t.Helper()
		_, host, _ := strings.Cut(l.info.S3Regions[endpoint], "//")
		client, err := minio.New(host, &minio.Options{
			Region: region, Creds: credentials.NewFileAWSCredentials(filepath.Join(l.dir, "credentials"), "default"),
			BucketLookup: minio.BucketLookupDNS, Transport: transport, MaxRetries: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	const bucket, home = "elsewhere", "us-west-2"
	if err := at(home, home).MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{Region: home}); err != nil {
		t.Fatal(err)
	}
	list := func(client *minio.Client) error {
		for object := range client.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{}) {
			return object.Err
		}
		return nil
	}
	if err := list(at("us-east-1", "us-east-1")); minio.ToErrorResponse(err).Code != "PermanentRedirect" {
		t.Errorf("at another region's endpoint: %v", err)
	}
	region, err := at("us-east-1", "").GetBucketLocation(t.Context(), bucket)
	if err == nil && region == home {
		err = list(at(region, region))
	}
	if err != nil || region != home {
		t.Errorf("at that of %q: %v", region, err)
	}
}
