#!/usr/bin/env bash
# aws-sdk-go-v2 speaks another protocol to a bucket whose name ends in --x-s3, wherever it is.
#
# Versions: github.com/aws/aws-sdk-go-v2/service/s3 v1.101.0
# Expected: names of buckets mean nothing, least of all at the endpoint of other storage; UsePathStyle names the bucket in the path.
# Seen: a bucket that is called so is taken for a directory bucket of S3 Express, at any endpoint: the client asks for a session first (CreateSession, which
#       nobody else has), signs for a service s3express, and names the bucket in the host, though UsePathStyle is set. Other
#       endings that have a meaning at Amazon, such as -s3alias, change nothing.
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
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// spy sends nothing.
type spy struct{}

func (spy) Do(r *http.Request) (*http.Response, error) {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=id/")
	scope, _, _ = strings.Cut(scope, ",")
	_, scope, _ = strings.Cut(scope, "/") // behind the day
	fmt.Printf("%s%s?%s for %s", r.URL.Host, r.URL.Path, r.URL.RawQuery, strings.TrimSuffix(scope, "/aws4_request"))
	return nil, errors.New("not sent")
}

func main() {
	for _, test := range []struct{ region, endpoint, bucket string }{
		{"us-east-1", "", "backups--use1-az4--x-s3"},
		{"us-east-1", "https://s3.example.com", "backups--x-s3"},
		{"us-east-1", "https://s3.example.com", "backups-s3alias"},
		{"us-east-1", "https://s3.example.com", "backups--x-s4"},
	} {
		fmt.Printf("%s %s %s: ", test.region, test.bucket, test.endpoint)
		options := s3.Options{
			Region: test.region, HTTPClient: spy{}, RetryMaxAttempts: 1, UsePathStyle: test.endpoint != "",
			Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
		}
		if test.endpoint != "" {
			options.BaseEndpoint = aws.String(test.endpoint)
		}
		_, err := s3.New(options).ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: aws.String(test.bucket)})
		if _, rule, found := strings.Cut(err.Error(), "endpoint rule error, "); found {
			fmt.Print(rule)
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
want='us-east-1 backups--use1-az4--x-s3 : backups--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com/?session= for us-east-1/s3express
us-east-1 backups--x-s3 https://s3.example.com: backups--x-s3.s3.example.com/?session= for us-east-1/s3express
us-east-1 backups-s3alias https://s3.example.com: s3.example.com/backups-s3alias?list-type=2 for us-east-1/s3
us-east-1 backups--x-s4 https://s3.example.com: s3.example.com/backups--x-s4?list-type=2 for us-east-1/s3'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
