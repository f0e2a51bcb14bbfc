// Command simulator writes an object to the simulator, lets reading it go wrong twice, and reads it all the same. Start the simulator,
// then: go run ./examples/simulator. A test in Go starts one of its own, by package simulator/simulatortest.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/velero-locations/velero-locations/simulator/control"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

func setting(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(setting("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")),
		UsePathStyle: true,
		Region:       setting("AWS_REGION", "us-east-1"),
		Credentials: credentials.NewStaticCredentialsProvider(
			setting("AWS_ACCESS_KEY_ID", "AKIAPRIMARY"), setting("AWS_SECRET_ACCESS_KEY", "primary-secret"), ""),
	})
	simulator := &control.Client{Address: setting(control.AddressVariable, "127.0.0.1:7446")}

	bucket, key := aws.String("velero"), aws.String("go")
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("hello")}); err != nil {
		return err
	}
	rule := faults.Rule{Match: faults.Match{Operations: []string{"s3:GetObject"}}, Times: 2, Fault: faults.Error{Code: "SlowDown"}}
	if _, err := simulator.AddFault(ctx, rule); err != nil {
		return err
	}
	object, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key})
	if err != nil {
		return err
	}
	content, err := io.ReadAll(object.Body)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, string(content))
	return simulator.Reset(ctx)
}
