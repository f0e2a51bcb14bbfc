package simulatortest_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// TestFirst is the first test that a user writes.
func TestFirst(t *testing.T) {
	sim := simulatortest.Start(t)
	sim.CreateBucket(t, "velero")
	client, err := minio.New(sim.Host(), &minio.Options{Creds: credentials.NewStaticV4(sim.Key.ID, sim.Key.Secret, ""), Region: sim.Region})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutObject(t.Context(), "velero", "backups/b1", strings.NewReader("data"), 4, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	for entry := range sim.Journal().Follow(t.Context(), journal.Filter{Operation: "s3:PutObject"}) {
		if entry.Account != simulatortest.Account || entry.Key != "backups/b1" {
			t.Errorf("%+v", entry)
		}
		break
	}
}

func TestRestrictedKey(t *testing.T) {
	sim := simulatortest.Start(t, func(c *simulator.Config) { c.Regions = []string{"eu-west-1"} })
	sim.CreateBucket(t, "velero")
	reader := sim.AddKey(t, policy.Statement{Effect: policy.Allow, Actions: []string{"s3:GetObject", "s3:ListBucket"}, Bucket: "velero"})
	client, err := minio.New(sim.Host(), &minio.Options{Creds: credentials.NewStaticV4(reader.ID, reader.Secret, ""), Region: sim.Region})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := client.BucketExists(t.Context(), "velero"); err != nil || !found {
		t.Errorf("%v, %v", found, err)
	}
	_, err = client.PutObject(t.Context(), "velero", "k", strings.NewReader("x"), 1, minio.PutObjectOptions{})
	if code := minio.ToErrorResponse(err).Code; code != "AccessDenied" {
		t.Errorf("a reader may write: %v", err)
	}
}

// TestHTTPS lets the AWS SDK upload as it does over HTTPS, and retry.
func TestHTTPS(t *testing.T) {
	sim := simulatortest.Start(t)
	sim.CreateBucket(t, "velero")
	name := sim.Harm(t, faults.Rule{Times: 1, Fault: faults.Error{Code: "InternalError"}})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(sim.CertPEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	client := newAWSClient("https://"+sim.Host(), sim, func(o *s3.Options) { o.HTTPClient = &http.Client{Transport: transport} })
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("velero"), Key: aws.String("k"), Body: strings.NewReader("data")})
	if err != nil {
		t.Error(err)
	}
	if status := sim.Faults().List()[0]; status.Rule.Name != name || status.Injected != 1 {
		t.Errorf("%+v", status)
	}
}

func newAWSClient(endpoint string, sim *simulatortest.Simulator, options ...func(*s3.Options)) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(endpoint), Region: sim.Region, UsePathStyle: true,
		Credentials: awscredentials.NewStaticCredentialsProvider(sim.Key.ID, sim.Key.Secret, ""),
	}, options...)
}
