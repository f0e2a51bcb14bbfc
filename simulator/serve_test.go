package simulator_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// regional gives a cloud an endpoint for each of its two regions.
func regional(config *simulator.Config) {
	config.Regions = []string{"us-east-1", "eu-west-1"}
	config.S3.RegionalAddresses = map[string]string{"us-east-1": "127.0.0.1:0", "eu-west-1": "127.0.0.1:0"}
}

func TestServeUntilDone(t *testing.T) {
	sim, err := simulator.New(simulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- sim.Serve(ctx, listener) }()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusForbidden {
		t.Fatalf("%v, %v", response, err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestHTTPSBesideHTTP trusts the certificate that the configuration has written, as a location's caCert does.
func TestHTTPSBesideHTTP(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	sim := simulatortest.Start(t, regional, func(c *simulator.Config) { c.CAFile = file })
	sim.CreateBucket(t, "home")
	written, err := os.ReadFile(file)
	if err != nil || string(written) != string(sim.CertPEM()) {
		t.Fatalf("the file holds another certificate, %v", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(written)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	for _, url := range []string{sim.S3, sim.S3Regions["us-east-1"]} {
		_, host, _ := strings.Cut(url, "//")
		client := awss3.New(awss3.Options{
			BaseEndpoint: aws.String("https://" + host), Region: "us-east-1", UsePathStyle: true, RetryMaxAttempts: 1,
			HTTPClient:                 &http.Client{Transport: transport},
			RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
			Credentials:                credentials.NewStaticCredentialsProvider(sim.Key.ID, sim.Key.Secret, ""),
		})
		if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("home"), Key: aws.String("k"), Body: strings.NewReader("x")}); err != nil {
			t.Error(err)
		}
		plain, err := minio.New(host, &minio.Options{Creds: miniocredentials.NewStaticV4(sim.Key.ID, sim.Key.Secret, ""), Region: "us-east-1", Transport: transport})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plain.StatObject(t.Context(), "home", "k", minio.StatObjectOptions{}); err != nil {
			t.Error(err)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	var config simulator.Config
	regional(&config)
	_, config.S3.RegionalAddresses["eu-west-1"], _ = strings.Cut(simulatortest.Start(t).S3, "//")
	config.S3.Address = "127.0.0.1:0"
	sim, err := simulator.New(config)
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

// TestHangingEndsWithTheServer: a server that is told to stop does not wait for what hangs.
func TestHangingEndsWithTheServer(t *testing.T) {
	ended := make(chan error, 1)
	t.Run("server", func(t *testing.T) {
		sim := simulatortest.Start(t, func(c *simulator.Config) { c.Faults = []faults.Rule{{Fault: faults.Outage{Mode: faults.Hanging}}} })
		request, err := http.NewRequestWithContext(context.Background(), http.MethodPut, sim.S3+"/home/k", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			response, err := http.DefaultClient.Do(request)
			if err == nil {
				err = response.Body.Close()
			}
			ended <- err
		}()
		for end := time.Now().Add(10 * time.Second); sim.Faults().List()[0].Injected != 1; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the request did not come to the fault")
			}
		}
	})
	if err := <-ended; err == nil {
		t.Error("the client got an answer")
	}
}

// TestRegionsByName shows that a region without an address of its own is found by its name at the global endpoint's, where that is on
// this machine.
func TestRegionsByName(t *testing.T) {
	sim := simulatortest.Start(t, regional, func(c *simulator.Config) { delete(c.S3.RegionalAddresses, "us-east-1") })
	_, port, _ := strings.Cut(sim.Host(), ":")
	if got, want := sim.S3Regions["us-east-1"], "http://s3.us-east-1.localhost:"+port; got != want {
		t.Errorf("us-east-1 is at %s, want %s", got, want)
	}
	if got := sim.S3Regions["eu-west-1"]; !strings.HasPrefix(got, "http://127.0.0.1:") {
		t.Errorf("eu-west-1 is at %s", got)
	}
	if err := sim.Await(t.Context()); err != nil {
		t.Error(err)
	}
	if got := sim.URLs(); !slices.Contains(got, sim.S3Regions["us-east-1"]) {
		t.Errorf("the addresses are %v", got)
	}
}
