package simulator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"
)

// run serves a simulator at all addresses of its configuration until the test ends.
func run(t *testing.T, config Config) (*Simulator, Endpoints) {
	t.Helper()
	config.S3.Address = "127.0.0.1:0"
	sim, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	endpoints, err := sim.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return sim, endpoints
}

// ask sends a signed request to a URL.
func ask(t *testing.T, key AccessKeyConfig, region, method, url, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Content-Sha256", hash([]byte(body)))
	if region != "" {
		r = signer.SignV4(*r, key.ID, key.Secret, "", region)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func regional() Config {
	config := twoAccounts()
	config.Regions = append(config.Regions, "eu-south-1")
	config.Accounts[0].Buckets = append(config.Accounts[0].Buckets, BucketConfig{Name: "alice-south", Region: "eu-south-1"})
	config.S3.RegionalAddresses = map[string]string{"us-east-1": "127.0.0.1:0", "eu-west-1": "127.0.0.1:0"}
	return config
}

// TestRegionalEndpoints sends raw requests, since clients hide these answers.
func TestRegionalEndpoints(t *testing.T) {
	_, endpoints := run(t, regional())
	us, eu := endpoints.S3Regions["us-east-1"], endpoints.S3Regions["eu-west-1"]
	_, euHost, _ := strings.Cut(eu, "//")
	for _, test := range []struct {
		name         string
		url          string
		key          AccessKeyConfig
		signed       string
		method, path string
		body         string
		status       int
		want         []string
		region       string
	}{
		{"at home", us, aliceKey, "us-east-1", "GET", "/alice-home", "", 200, nil, "us-east-1"},
		{"bucket elsewhere", us, aliceKey, "us-east-1", "GET", "/alice-abroad", "", 301, []string{"<Code>PermanentRedirect<", "<Endpoint>" + euHost + "<", "<Bucket>alice-abroad<"}, "eu-west-1"},
		{"HEAD bucket elsewhere", us, aliceKey, "us-east-1", "HEAD", "/alice-abroad", "", 301, nil, "eu-west-1"},
		{"HEAD object elsewhere", us, aliceKey, "us-east-1", "HEAD", "/alice-abroad/k", "", 301, nil, "eu-west-1"},
		{"bucket in a region of after 2019", us, aliceKey, "us-east-1", "GET", "/alice-south", "", 400, []string{"<Code>IllegalLocationConstraintException<", "The eu-south-1 location constraint is incompatible"}, "eu-south-1"},
		{"HEAD bucket in a region of after 2019", us, aliceKey, "us-east-1", "HEAD", "/alice-south", "", 400, nil, "eu-south-1"},
		{"signed for another region", us, aliceKey, "eu-west-1", "GET", "/alice-home", "", 400, []string{"<Code>AuthorizationHeaderMalformed<", "the region 'eu-west-1' is wrong; expecting 'us-east-1'", "<Region>us-east-1<"}, "us-east-1"},
		{"signed for the bucket's region", us, aliceKey, "eu-west-1", "GET", "/alice-abroad", "", 400, []string{"<Code>AuthorizationHeaderMalformed<", "<Region>us-east-1<"}, "eu-west-1"},
		{"HEAD signed for another region", us, aliceKey, "eu-west-1", "HEAD", "/alice-home", "", 400, nil, "us-east-1"},
		{"location from elsewhere", us, aliceKey, "us-east-1", "GET", "/alice-abroad?location", "", 200, []string{">eu-west-1<"}, "eu-west-1"},
		{"HEAD bucket forbidden", us, bobKey, "us-east-1", "HEAD", "/alice-home", "", 403, nil, "us-east-1"},
		{"HEAD bucket anonymously", eu, aliceKey, "", "HEAD", "/alice-abroad", "", 403, nil, "eu-west-1"},
		{"HEAD bucket missing", us, aliceKey, "us-east-1", "HEAD", "/alice-nowhere", "", 404, nil, ""},
		{"creation abroad without a constraint", eu, aliceKey, "eu-west-1", "PUT", "/fresh", "", 400, []string{"<Code>IllegalLocationConstraintException<", "The unspecified location constraint"}, ""},
		{"creation abroad with another constraint", eu, aliceKey, "eu-west-1", "PUT", "/fresh", location("us-east-1"), 400, []string{"IllegalLocationConstraintException", "The us-east-1 location constraint"}, ""},
		{"creation abroad", eu, aliceKey, "eu-west-1", "PUT", "/fresh", location("eu-west-1"), 200, nil, "eu-west-1"},
		{"creation from us-east-1", us, aliceKey, "us-east-1", "PUT", "/from-us", location("eu-west-1"), 200, nil, "eu-west-1"},
		{"global endpoint, for each region", endpoints.S3, aliceKey, "eu-west-1", "GET", "/alice-abroad", "", 200, nil, "eu-west-1"},
		{"global endpoint, bucket elsewhere", endpoints.S3, aliceKey, "us-east-1", "GET", "/alice-abroad", "", 301, []string{"<Endpoint>" + euHost + "<"}, "eu-west-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkAnswer(t, ask(t, test.key, test.signed, test.method, test.url+test.path, test.body), test.status, test.want, test.region)
		})
	}
}

// TestHTTPSBesideHTTP trusts the certificate that the configuration has written, as a location's caCert does.
func TestHTTPSBesideHTTP(t *testing.T) {
	config := regional()
	config.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	sim, endpoints := run(t, config)
	written, err := os.ReadFile(config.CAFile)
	if err != nil || string(written) != string(sim.CertPEM()) {
		t.Fatalf("the file holds another certificate, %v", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(written)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	for _, url := range []string{endpoints.S3, endpoints.S3Regions["us-east-1"]} {
		_, host, _ := strings.Cut(url, "//")
		client := awss3.New(awss3.Options{
			BaseEndpoint: aws.String("https://" + host), Region: "us-east-1", UsePathStyle: true, RetryMaxAttempts: 1,
			HTTPClient:                 &http.Client{Transport: transport},
			RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
			Credentials:                credentials.NewStaticCredentialsProvider(aliceKey.ID, aliceKey.Secret, ""),
		})
		if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("alice-home"), Key: aws.String("k"), Body: strings.NewReader("x")}); err != nil {
			t.Error(err)
		}
		plain, err := minio.New(host, &minio.Options{Creds: miniocredentials.NewStaticV4(aliceKey.ID, aliceKey.Secret, ""), Region: "us-east-1", Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plain.StatObject(t.Context(), "alice-home", "k", minio.StatObjectOptions{}); err != nil {
			t.Error(err)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	_, endpoints := run(t, regional())
	config := regional()
	_, config.S3.RegionalAddresses["eu-west-1"], _ = strings.Cut(endpoints.S3, "//")
	config.S3.Address = "127.0.0.1:0"
	sim, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), "s3.regionalAddresses.eu-west-1: ") {
		t.Errorf("%v", err)
	}
	if err := sim.Close(); err != nil {
		t.Error(err)
	}
}
