#!/usr/bin/env bash
# aws-sdk-go-v2 takes fips out of the name of a region, and asks for another endpoint because of it.
#
# Versions: github.com/aws/aws-sdk-go-v2/service/s3 v1.101.0
# Expected: a region is a name that requests are signed for; that of other storage may be anything, and which endpoint is asked is said elsewhere.
# Seen: fips- in front of a region, and -fips behind it, are taken away before it is signed for, and the request goes to the FIPS endpoint of what is left, whether
#       Amazon has such a region or not. With an endpoint of one's own, any region that is named so is an error: a store in region dc1-fips
#       cannot be reached.
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
		{"fips-us-gov-west-1", "", "bucket"},
		{"us-gov-west-1-fips", "", "bucket"},
		{"dc1-fips", "", "bucket"},
		{"dc1-fips", "https://s3.example.com", "bucket"},
		{"dc1", "https://s3.example.com", "bucket"},
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
want='fips-us-gov-west-1 bucket : bucket.s3-fips.us-gov-west-1.amazonaws.com/?list-type=2 for us-gov-west-1/s3
us-gov-west-1-fips bucket : bucket.s3-fips.us-gov-west-1.amazonaws.com/?list-type=2 for us-gov-west-1/s3
dc1-fips bucket : bucket.s3-fips.dc1.amazonaws.com/?list-type=2 for dc1/s3
dc1-fips bucket https://s3.example.com: A custom endpoint cannot be combined with FIPS
dc1 bucket https://s3.example.com: s3.example.com/bucket?list-type=2 for dc1/s3'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
