package s3_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// TestRegionsSeenByClients shows what clients make of the answers: they find the region and go on.
func TestRegionsSeenByClients(t *testing.T) {
	c := start(t, twoAccounts())
	if exists, err := c.minio(t, aliceKey, "").BucketExists(t.Context(), "alice-abroad"); err != nil || !exists {
		t.Errorf("minio-go without a region: %v, %v", exists, err)
	}
	head, err := c.aws(aliceKey, "eu-west-1").HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: aws.String("alice-abroad")})
	if err != nil || aws.ToString(head.BucketRegion) != "eu-west-1" {
		t.Errorf("HeadBucket = %+v, %v", head, err)
	}
	if _, err = c.aws(aliceKey, "us-east-1").ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("alice-abroad")}); errorCode(err) != "PermanentRedirect" {
		t.Errorf("listing from another region: %v", err)
	}
	if err := c.minio(t, aliceKey, "us-east-1").MakeBucket(t.Context(), "made-from-us", minio.MakeBucketOptions{Region: "eu-west-1"}); err != nil {
		t.Logf("minio-go signs for the bucket's region: %v", err)
	}
	if _, err := c.minio(t, simulator.AccessKeyConfig{ID: aliceKey.ID, Secret: "no"}, "us-east-1").PutObject(t.Context(), "alice-home", "k", strings.NewReader("x"), 1, minio.PutObjectOptions{}); errorCode(err) != "SignatureDoesNotMatch" {
		t.Errorf("minio-go with a wrong secret: %v", err)
	}
}

// run serves a simulator at all addresses of its configuration until the test ends.
func run(t *testing.T, config simulator.Config) (*simulator.Simulator, simulator.Endpoints) {
	t.Helper()
	config.S3.Address = "127.0.0.1:0"
	sim := simulatortest.Start(t, func(c *simulator.Config) { *c = config })
	return sim.Simulator, sim.Endpoints
}

// ask sends a signed request to a URL.
func ask(t *testing.T, key simulator.AccessKeyConfig, region, method, url, body string) *http.Response {
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

func regional() simulator.Config {
	config := twoAccounts()
	config.Regions = append(config.Regions, "eu-south-1")
	config.Accounts[0].Buckets = append(config.Accounts[0].Buckets, simulator.BucketConfig{Name: "alice-south", Region: "eu-south-1"})
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
		key          simulator.AccessKeyConfig
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
