package s3_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/velero-locations/velero-locations/simulator"
)

const (
	alice = "111111111111"
	bob   = "222222222222"
)

var (
	aliceKey = simulator.AccessKeyConfig{ID: "AKIAALICE", Secret: "alice secret"}
	bobKey   = simulator.AccessKeyConfig{ID: "AKIABOB", Secret: "bob/secret+"}
)

// twoAccounts is a cloud with two regions and two accounts, each with a bucket at home and one abroad.
func twoAccounts() simulator.Config {
	return simulator.Config{
		Regions: []string{"us-east-1", "eu-west-1"},
		Accounts: []simulator.AccountConfig{
			{ID: alice, Name: "alice", AccessKeys: []simulator.AccessKeyConfig{aliceKey}, Buckets: []simulator.BucketConfig{
				{Name: "alice-home"}, {Name: "alice-abroad", Region: "eu-west-1"},
			}},
			{ID: bob, Name: "bob", AccessKeys: []simulator.AccessKeyConfig{bobKey}, Buckets: []simulator.BucketConfig{{Name: "bob-home"}}},
		},
	}
}

// cloud is a simulator that is served on loopback.
type cloud struct {
	*simulator.Simulator
	*httptest.Server
}

func start(t *testing.T, config simulator.Config, opts ...simulator.Option) *cloud {
	t.Helper()
	sim, err := simulator.New(config, opts...)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return &cloud{sim, server}
}

func startTLS(t *testing.T, config simulator.Config) *cloud {
	t.Helper()
	sim, err := simulator.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(sim.Handler())
	t.Cleanup(server.Close)
	return &cloud{sim, server}
}

func (c *cloud) host() string {
	_, host, _ := strings.Cut(c.URL, "//")
	return host
}

func (c *cloud) minio(t *testing.T, key simulator.AccessKeyConfig, region string, options ...func(*minio.Options)) *minio.Client {
	t.Helper()
	o := &minio.Options{
		Creds:  miniocredentials.NewStaticV4(key.ID, key.Secret, ""),
		Region: region, BucketLookup: minio.BucketLookupPath, MaxRetries: 1,
		Secure: strings.HasPrefix(c.URL, "https"), Transport: c.Client().Transport,
	}
	for _, option := range options {
		option(o)
	}
	client, err := minio.New(c.host(), o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (c *cloud) aws(key simulator.AccessKeyConfig, region string, options ...func(*awss3.Options)) *awss3.Client {
	return awss3.New(awss3.Options{
		BaseEndpoint: aws.String(c.URL), Region: region, UsePathStyle: true, RetryMaxAttempts: 1, HTTPClient: c.Client(),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		Credentials:                credentials.NewStaticCredentialsProvider(key.ID, key.Secret, ""),
	}, options...)
}

// send sends a request signed with a key for a region; an empty region leaves it unsigned.
func (c *cloud) send(t *testing.T, key simulator.AccessKeyConfig, region, method, path, body string, edit ...func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Content-Sha256", hash([]byte(body)))
	for _, e := range edit {
		e(r)
	}
	if region != "" {
		r = signer.SignV4(*r, key.ID, key.Secret, "", region)
	}
	response, err := c.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func text(t *testing.T, response *http.Response) string {
	t.Helper()
	out, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func hash(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

// content makes bytes that do not repeat, the same for the same size.
func content(size int) []byte {
	out := make([]byte, size)
	rand.New(rand.NewSource(int64(size))).Read(out)
	return out
}

// stream hides everything but Read, as a pipe does.
type stream struct{ io.Reader }

func newStream(p []byte) io.Reader { return stream{bytes.NewReader(p)} }
