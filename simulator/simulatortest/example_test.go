package simulatortest_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// exampleT stands in for the *testing.T that a test has and an example lacks: it ends with the example.
type exampleT struct {
	testing.TB
	cleanups []func()
}

func (t *exampleT) Helper()                  {}
func (t *exampleT) Context() context.Context { return context.Background() }
func (t *exampleT) Cleanup(f func())         { t.cleanups = append(t.cleanups, f) }
func (t *exampleT) Error(args ...any)        { fmt.Println(args...) }
func (t *exampleT) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }

func (t *exampleT) end() {
	for _, f := range t.cleanups {
		f()
	}
}

// A client of minio-go uploads; the bucket is there from the start.
func ExampleStart_minio() {
	t := &exampleT{} // in a test: its *testing.T
	defer t.end()

	sim := simulatortest.Start(t)
	sim.CreateBucket(t, "velero")
	client, err := minio.New(sim.Host(), &minio.Options{
		Creds: credentials.NewStaticV4(sim.Key.ID, sim.Key.Secret, ""), Region: sim.Region,
	})
	if err != nil {
		t.Fatal(err)
	}
	info, err := client.PutObject(t.Context(), "velero", "backups/b1", strings.NewReader("data"), 4, minio.PutObjectOptions{})
	fmt.Println(info.Key, info.Size, err)

	_, err = client.StatObject(t.Context(), "velero", "backups/b2", minio.StatObjectOptions{})
	fmt.Println(minio.ToErrorResponse(err).Code)
	// Output:
	// backups/b1 4 <nil>
	// NoSuchKey
}

// A client of aws-sdk-go-v2 is told to slow down, and tries again by itself.
func ExampleStart_aws() {
	t := &exampleT{} // in a test: its *testing.T
	defer t.end()

	sim := simulatortest.Start(t)
	sim.CreateBucket(t, "velero")
	sim.Harm(t, faults.Rule{
		Match: faults.Match{Operations: []string{"s3:PutObject"}, Buckets: []string{"velero"}},
		Times: 1, Fault: faults.Error{Code: "SlowDown"},
	})
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(sim.S3), Region: sim.Region, UsePathStyle: true,
		Credentials: awscredentials.NewStaticCredentialsProvider(sim.Key.ID, sim.Key.Secret, ""),
	})
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("velero"), Key: aws.String("backups/b1"), Body: bytes.NewReader([]byte("data")),
	})
	fmt.Println(err, sim.Faults().List()[0].Injected)
	// Output: <nil> 1
}
