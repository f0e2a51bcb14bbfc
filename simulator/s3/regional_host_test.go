package s3_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/velero-locations/velero-locations/simulator"
)

// resolving finds names below localhost on this machine, whatever the machine's resolver makes of them.
func resolving(t *testing.T, sim *simulator.Simulator) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(sim.CertPEM())
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// TestRegionalHosts asks at endpoints by their names, in both styles, for buckets of this region and of others.
func TestRegionalHosts(t *testing.T) {
	config := twoAccounts()
	config.Regions = append(config.Regions, "eu-south-1")
	config.Accounts[0].Buckets = append(config.Accounts[0].Buckets, simulator.BucketConfig{Name: "alice-south", Region: "eu-south-1"}, simulator.BucketConfig{Name: "dotted.name"})
	config.S3.Domains = []string{"example.org"}
	config.S3.HostStyleOnly = []string{"eu-south-1"}
	c := start(t, config)
	for _, test := range []struct {
		host, signed, method, path string
		status                     int
		want, region               string
	}{
		{"s3.us-east-1.localhost:9000", "us-east-1", "GET", "/alice-home", 200, "<Name>alice-home<", "us-east-1"},
		{"alice-home.s3.us-east-1.localhost:9000", "us-east-1", "GET", "/", 200, "<Name>alice-home<", "us-east-1"},
		{"dotted.name.s3.us-east-1.localhost", "us-east-1", "GET", "/", 200, "<Name>dotted.name<", "us-east-1"},
		{"s3.us-east-1.localhost:9000", "us-east-1", "GET", "/", 200, "<ListAllMyBucketsResult", ""},
		{"S3.EU-West-1.example.org", "eu-west-1", "GET", "/alice-abroad", 200, "<Name>alice-abroad<", "eu-west-1"},
		{"s3.us-east-1.localhost:9000", "us-east-1", "GET", "/alice-abroad", 301, "<Code>PermanentRedirect<|<Endpoint>s3.eu-west-1.localhost:9000<|<Bucket>alice-abroad<", "eu-west-1"},
		{"alice-abroad.s3.us-east-1.example.org", "us-east-1", "GET", "/k", 301, "<Endpoint>s3.eu-west-1.example.org<", "eu-west-1"},
		{"alice-abroad.s3.us-east-1.localhost:9000", "us-east-1", "HEAD", "/k", 301, "", "eu-west-1"},
		{"alice-abroad.s3.us-east-1.localhost:9000", "", "HEAD", "/", 301, "", "eu-west-1"},
		{"127.0.0.1:9000", "us-east-1", "GET", "/alice-abroad", 301, "<Endpoint>s3.eu-west-1.localhost:9000<", "eu-west-1"},
		{"elsewhere:9000", "us-east-1", "GET", "/alice-abroad", 301, "<Endpoint>elsewhere:9000<", "eu-west-1"},
		{"s3.us-east-1.localhost:9000", "eu-west-1", "GET", "/alice-home", 400, "<Code>AuthorizationHeaderMalformed<|<Region>us-east-1<", "us-east-1"},
		{"alice-abroad.s3.us-east-1.localhost:9000", "eu-west-1", "GET", "/", 400, "<Code>AuthorizationHeaderMalformed<|<Region>us-east-1<", "eu-west-1"},
		{"s3.us-east-1.localhost:9000", "us-east-1", "GET", "/alice-south", 400, "<Code>IllegalLocationConstraintException<", "eu-south-1"},
		{"s3.eu-west-1.localhost:9000", "eu-west-1", "PUT", "/fresh", 400, "<Code>IllegalLocationConstraintException<", ""},
		{"s3.eu-south-1.localhost:9000", "eu-south-1", "GET", "/alice-south", 403, "<Code>SecondLevelDomainForbidden<", ""},
		{"alice-south.s3.eu-south-1.localhost:9000", "eu-south-1", "GET", "/", 200, "<Name>alice-south<", "eu-south-1"},
		{"s3.mars-1.localhost:9000", "us-east-1", "GET", "/", 404, "<BucketName>s3.mars-1<", ""},
	} {
		t.Run(test.method+" "+test.host+test.path+" signed for "+test.signed, func(t *testing.T) {
			response := c.send(t, aliceKey, test.signed, test.method, test.path, "", func(r *http.Request) { r.Host = test.host })
			checkAnswer(t, response, test.status, strings.Split(test.want, "|"), test.region)
		})
	}
	last := lastEntries(t, c.Simulator, 5)
	if entry := last[4]; entry.Region != "eu-west-1" || entry.Bucket != "alice-abroad" {
		t.Errorf("the journal has %+v", entry)
	}
}

// regionalEndpoints resolves endpoints as AWS's own: by region, with the bucket in the host.
type regionalEndpoints struct{ endpoints simulator.Endpoints }

// ResolveEndpoint returns the endpoint of a region.
func (e *regionalEndpoints) ResolveEndpoint(_ context.Context, p awss3.EndpointParameters) (smithyendpoints.Endpoint, error) {
	out, err := url.Parse(e.endpoints.S3Regions[aws.ToString(p.Region)])
	if err == nil && p.Bucket != nil {
		out.Host = *p.Bucket + "." + out.Host
	}
	return smithyendpoints.Endpoint{URI: *out}, err
}

// TestCorrectedRegions has clients find out at one region's endpoint that a bucket is in another, and go on there: by the region that
// AWS's SDK reads from the refusal, by GetBucketLocation as minio-go does, and by the endpoint that the redirect names.
func TestCorrectedRegions(t *testing.T) {
	sim, endpoints := run(t, twoAccounts())
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			client := resolving(t, sim)
			named := simulator.Endpoints{S3Regions: map[string]string{}}
			for region, address := range endpoints.S3Regions {
				named.S3Regions[region] = scheme + strings.TrimPrefix(address, "http")
			}
			sdk := awss3.New(awss3.Options{
				Region: "us-east-1", HTTPClient: client, EndpointResolverV2: &regionalEndpoints{named}, RetryMaxAttempts: 1,
				Credentials: credentials.NewStaticCredentialsProvider(aliceKey.ID, aliceKey.Secret, ""),
			})
			list := func(options ...func(*awss3.Options)) error {
				return only(sdk.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("alice-abroad")}, options...))
			}
			if err := list(); errorCode(err) != "PermanentRedirect" {
				t.Errorf("at another region's endpoint: %v", err)
			}
			region, err := manager.GetBucketRegion(t.Context(), sdk, "alice-abroad")
			if err != nil || region != "eu-west-1" {
				t.Fatalf("the region is %q, %v", region, err)
			}
			if err := list(func(o *awss3.Options) { o.Region = region }); err != nil {
				t.Errorf("where it is: %v", err)
			}

			mc := func(at, region string) *minio.Client {
				_, host, _ := strings.Cut(named.S3Regions[at], "//")
				out, err := minio.New(host, &minio.Options{
					Creds: miniocredentials.NewStaticV4(aliceKey.ID, aliceKey.Secret, ""), Region: region, BucketLookup: minio.BucketLookupDNS,
					Transport: client.Transport, MaxRetries: 1, Secure: scheme == "https",
				})
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			location, err := mc("us-east-1", "").GetBucketLocation(t.Context(), "alice-abroad")
			if err != nil || location != "eu-west-1" {
				t.Fatalf("the location is %q, %v", location, err)
			}
			if exists, err := mc(location, location).BucketExists(t.Context(), "alice-abroad"); err != nil || !exists {
				t.Errorf("minio-go where it is: %t, %v", exists, err)
			}
			followRedirect(t, client, named.S3Regions["us-east-1"])
		})
	}
}

// followRedirect goes to where the endpoint of us-east-1 sends it.
func followRedirect(t *testing.T, client *http.Client, endpoint string) {
	t.Helper()
	get := func(region, url string) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Content-Sha256", hash(nil))
		response, err := client.Do(signer.SignV4(*r, aliceKey.ID, aliceKey.Secret, "", region))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response, text(t, response)
	}
	response, body := get("us-east-1", endpoint+"/alice-abroad")
	var redirect struct{ Endpoint string }
	if err := xml.Unmarshal([]byte(body), &redirect); err != nil || response.StatusCode != http.StatusMovedPermanently {
		t.Fatalf("%d %s, %v", response.StatusCode, body, err)
	}
	scheme, _, _ := strings.Cut(endpoint, ":")
	if response, body = get(response.Header.Get("X-Amz-Bucket-Region"), fmt.Sprintf("%s://%s/alice-abroad", scheme, redirect.Endpoint)); response.StatusCode != http.StatusOK {
		t.Errorf("at %s: %d %s", redirect.Endpoint, response.StatusCode, body)
	}
}
