package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"io"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
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

func xmlText(t *testing.T, response *http.Response) string {
	t.Helper()
	body := text(t, response)
	if body != "" && xml.Unmarshal([]byte(body), new(struct{ XMLName xml.Name })) != nil {
		t.Errorf("not XML: %s", body)
	}
	return body
}

func errorCode(err error) string {
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	return minio.ToErrorResponse(err).Code
}

func sendKeys(keys ...string) <-chan minio.ObjectInfo {
	out := make(chan minio.ObjectInfo, len(keys))
	for _, key := range keys {
		out <- minio.ObjectInfo{Key: key}
	}
	close(out)
	return out
}

func checkStatus(t *testing.T, response *http.Response, status int, code string) {
	t.Helper()
	body := text(t, response)
	if response.StatusCode != status || code != "" && !strings.Contains(body, "<Code>"+code+"<") {
		t.Errorf("status %d, want %d %s: %s", response.StatusCode, status, code, body)
	}
}

func location(region string) string {
	return "<CreateBucketConfiguration><LocationConstraint>" + region + "</LocationConstraint></CreateBucketConfiguration>"
}

var errorShape = regexp.MustCompile(`^<\?xml version="1.0" encoding="UTF-8"\?>\n<Error><Code>\w+</Code><Message>[^<]+</Message>.*<RequestId>(\w+)</RequestId><HostId>[^<]+</HostId></Error>$`)

func checkAnswer(t *testing.T, response *http.Response, status int, want []string, region string) {
	t.Helper()
	body := text(t, response)
	if response.StatusCode != status {
		t.Errorf("status %d, expected %d: %s", response.StatusCode, status, body)
	}
	if got := response.Header.Get("X-Amz-Bucket-Region"); got != region {
		t.Errorf("x-amz-bucket-region is %q, expected %q", got, region)
	}
	for _, part := range want {
		if !strings.Contains(body, part) {
			t.Errorf("the body lacks %q: %s", part, body)
		}
	}
	for _, key := range []simulator.AccessKeyConfig{aliceKey, bobKey} {
		if strings.Contains(body, key.Secret) {
			t.Errorf("the body tells a secret: %s", body)
		}
	}
	if status < 300 {
		return
	}
	if response.Request.Method == http.MethodHead {
		if body != "" {
			t.Errorf("HEAD has a body: %s", body)
		}
		return
	}
	parts := errorShape.FindStringSubmatch(body)
	if parts == nil || parts[1] != response.Header.Get("X-Amz-Request-Id") || response.Header.Get("Content-Type") != "application/xml" {
		t.Errorf("not S3's error: %s %v", body, response.Header)
	}
}

func (c *cloud) harm(t *testing.T, rule faults.Rule) {
	t.Helper()
	if _, err := c.Faults().Add(rule); err != nil {
		t.Fatal(err)
	}
}

// lastEntries waits for so many entries: a client may have its answer before the journal has the entry.
func lastEntries(t *testing.T, sim *simulator.Simulator, n int) []journal.Entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var out []journal.Entry
	for e := range sim.Journal().Follow(ctx, journal.Filter{}) {
		if out = append(out, e); len(out) == n {
			return out
		}
	}
	t.Fatalf("the journal has %d entries, want %d", len(out), n)
	return nil
}
