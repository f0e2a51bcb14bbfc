package objectstore

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/locations/provider"
	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

func TestAddressing(t *testing.T) {
	for name, tc := range map[string]struct {
		endpoint  string
		pathStyle bool
		want      string
	}{
		"custom":             {endpoint: "http://minio:9000", want: "http://bbb.minio:9000/"},
		"custom, path asked": {endpoint: "http://minio:9000", pathStyle: true, want: "http://minio:9000/bbb"},
		"address":            {endpoint: "http://127.0.0.1:9000", want: "http://127.0.0.1:9000/bbb"},
		"address 6":          {endpoint: "http://[::1]:9000", want: "http://[::1]:9000/bbb"},
	} {
		store := open(t, tc.endpoint, func(o *S3Options) { o.PathStyle = tc.pathStyle })
		if got := store.opts.bucketURL(store.endpoint).String(); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

// TestAddressingOfTheSDK compares with the rules of the AWS SDK, by which Velero's plugin goes.
func TestAddressingOfTheSDK(t *testing.T) {
	endpoints := []string{
		"", "http://minio:9000", "https://minio:9000", "https://oss-cn-hangzhou.aliyuncs.com", "http://localhost:9000", "https://s3.amazonaws.com",
		"http://127.0.0.1:9000", "https://127.0.0.1", "https://[::1]:9000",
	}
	buckets := []string{
		"bbb", "my-bucket", "my.bucket", "my.b.bucket", "a..bbb", "My-Bucket", "my_bucket", "tenant:bucket", "ab", "192.168.1.1", "a--b", "-bbb", "bbb-",
		"bbb.", "xn--bbb", strings.Repeat("b", 63), strings.Repeat("b", 64), "büro",
	}
	for _, address := range endpoints {
		for _, bucket := range buckets {
			for _, pathStyle := range []bool{false, true} {
				endpoint, region := amazon, "us-east-1"
				params := s3.EndpointParameters{Bucket: &bucket, Region: &region, ForcePathStyle: &pathStyle}
				if address != "" {
					params.Endpoint = &address
					endpoint = parseURL(t, address)
				}
				sdks, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), params.WithDefaults())
				if err != nil {
					t.Fatalf("%s at %q: %v", bucket, address, err)
				}
				opts := S3Options{Bucket: bucket, PathStyle: pathStyle}
				if got, want := opts.inHost(endpoint), strings.HasPrefix(sdks.URI.Host, bucket+"."); got != want {
					t.Errorf("%s at %q, path style %v: in the host: %v, but the SDK uses %s", bucket, address, pathStyle, got, &sdks.URI)
				}
			}
		}
	}
}

// TestHostStyle reaches a store that takes buckets in the host name only, whose names in these tests are known to nobody else.
func TestHostStyle(t *testing.T) {
	cloud := simulatortest.Start(t, func(config *simulator.Config) {
		config.S3.Domains, config.S3.HostStyleOnly = []string{"oss.example"}, []string{simulator.GlobalEndpoint}
	})
	cloud.CreateBucket(t, "bbb")
	cloud.CreateBucket(t, "b.b-b.bbb")
	_, port, err := net.SplitHostPort(cloud.Host())
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://oss.example:" + port
	at := func(address, bucket string, pathStyle bool) *S3 {
		store := open(t, address, func(o *S3Options) {
			o.Bucket, o.PathStyle, o.Region = bucket, pathStyle, ""
			o.Keys = credentials.AWS{AccessKeyID: cloud.Key.ID, SecretAccessKey: cloud.Key.Secret}
		})
		store.transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, cloud.Host())
		}
		return store
	}
	store := at(endpoint, "bbb", false)
	if err := store.Put(t.Context(), "backups/a key/ü+", strings.NewReader("content")); err != nil {
		t.Fatal(err)
	}
	content, err := ReadAll(t.Context(), store, "backups/a key/ü+")
	if err != nil || string(content) != "content" {
		t.Errorf("got %q, %v", content, err)
	}
	names, err := store.CommonPrefixes(t.Context(), "")
	if err != nil || !slices.Equal(names, []string{"backups/"}) {
		t.Errorf("got %q, %v", names, err)
	}

	const refused = " takes requests only with the bucket in the host name (403 SecondLevelDomainForbidden: The bucket you are attempting to access must be addressed using the third level domain): leave out spec.config.s3ForcePathStyle, and give the storage's host name in spec.config.s3Url"
	_, err = at(endpoint, "bbb", true).CommonPrefixes(t.Context(), "")
	requireMessage(t, err, endpoint+refused)
	_, err = at("http://127.0.0.1:"+port, "bbb", false).CommonPrefixes(t.Context(), "")
	requireMessage(t, err, "http://127.0.0.1:"+port+refused)
	_, err = at(endpoint, "b.b-b.bbb", false).CommonPrefixes(t.Context(), "") // "b" is too short for the SDK
	requireMessage(t, err, endpoint+refused)
}

func parseURL(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestARNsOfTheSDK shows that those ARNs are refused which the AWS SDK refuses, and that a colon is as good to it as a slash, which
// Velero does not let through.
func TestARNsOfTheSDK(t *testing.T) {
	resolve := func(bucket string, pathStyle bool) (string, error) {
		region := "us-west-2"
		params := s3.EndpointParameters{Bucket: &bucket, Region: &region, ForcePathStyle: &pathStyle}
		endpoint, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), params.WithDefaults())
		return endpoint.URI.String(), err
	}
	for _, arn := range []string{
		"arn:aws:s3:us-west-2:111111111111:accesspoint:velero", "arn:aws:s3::111111111111:accesspoint:mfzwi23gnjvgw.mrap", "arn:aws:s3:::velero-backups",
		"arn:aws:s3-outposts:us-west-2:111111111111:outpost:op-01ac5d28a6a232904:accesspoint:velero",
	} {
		for _, pathStyle := range []bool{false, true} {
			address, sdks := resolve(arn, pathStyle)
			err := provider.CheckBucket("aws", arn, map[string]string{"region": "us-west-2", "s3ForcePathStyle": strconv.FormatBool(pathStyle)})
			if (err != nil) != (sdks != nil) {
				t.Errorf("%s, path style %v: got %v, but the SDK says %v", arn, pathStyle, err, sdks)
			}
			head, tail, _ := strings.Cut(arn, "111111111111:")
			slashed, slashedErr := resolve(head+"111111111111:"+strings.ReplaceAll(tail, ":", "/"), pathStyle)
			if sdks == nil && (slashedErr != nil || slashed != address) {
				t.Errorf("%s: with slashes the SDK uses %s, %v instead of %s", arn, slashed, slashedErr, address)
			}
		}
		if OutOfReach(arn, "") == "" {
			t.Errorf("%s is taken to be in reach", arn)
		}
	}
}

// TestTenant lists a bucket of a tenant of Ceph's.
func TestTenant(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/team:bbb/" {
			t.Errorf("got a request for %s", r.URL)
		}
		fmt.Fprint(w, `<ListBucketResult></ListBucketResult>`)
	})
	if _, err := open(t, address, func(o *S3Options) { o.Bucket = "team:bbb" }).CommonPrefixes(t.Context(), ""); err != nil {
		t.Error(err)
	}
	for bucket, endpoint := range map[string]string{
		"bbb": "https://s3.example.com/storage/v1/s3", "ab": "", ":bbb": "", "bbb--use1-az4--x-s3": "", strings.Repeat("b", 64): "",
	} {
		if OutOfReach(bucket, endpoint) == "" {
			t.Errorf("%s at %q is taken to be in reach", bucket, endpoint)
		}
	}
	if got := OutOfReach("bbb", "https://s3.example.com/"); got != "" {
		t.Errorf("a slash at the end: %s", got)
	}
}
