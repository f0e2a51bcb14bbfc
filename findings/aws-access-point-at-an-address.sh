#!/usr/bin/env bash
# aws-sdk-go-v2 puts an access point in front of an IP address, where it puts a bucket into the path.
#
# Versions: github.com/aws/aws-sdk-go-v2/service/s3 v1.101.0
# Expected: at an endpoint that is an IP address nothing can stand before the host: a bucket goes into the path, and an access point is
#       refused, or goes there too.
# Seen: the bucket goes into the path, as does every name that cannot be a host's label (a.b, a_b, two letters) at any endpoint. An
#       access point's ARN becomes ap-ACCOUNT.10.0.0.1, a host that no resolver can know, and no error says why; at a named
#       endpoint it is ap-ACCOUNT.NAME, without the bucket or the ARN anywhere in the request.
# Needs: Go.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// spy sends nothing.
type spy struct{}

func (spy) Do(r *http.Request) (*http.Response, error) {
	fmt.Printf(" %s%s", r.URL.Host, r.URL.Path)
	return nil, errors.New("not sent")
}

func main() {
	for _, endpoint := range []string{"http://10.0.0.1:9000", "https://s3.example.com"} {
		fmt.Print(endpoint, ":")
		client := s3.New(s3.Options{
			Region: "us-east-1", BaseEndpoint: aws.String(endpoint), HTTPClient: spy{}, RetryMaxAttempts: 1,
			Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		})
		for _, bucket := range []string{"bucket", "a.b", "ab", "arn:aws:s3:us-east-1:111111111111:accesspoint/ap"} {
			_, _ = client.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
		}
		fmt.Println()
	}
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/aws/aws-sdk-go-v2/service/s3@v1.101.0 github.com/aws/aws-sdk-go-v2/credentials@v1.19.16 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
got=$(go run .)
echo "$got"
want='http://10.0.0.1:9000: 10.0.0.1:9000/bucket 10.0.0.1:9000/a.b 10.0.0.1:9000/ab ap-111111111111.10.0.0.1:9000/
https://s3.example.com: bucket.s3.example.com/ s3.example.com/a.b s3.example.com/ab ap-111111111111.s3.example.com/'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
