#!/usr/bin/env bash
# The AWS SDK and minio-go read other keys out of the same credentials file.
#
# Versions: github.com/aws/aws-sdk-go-v2/config v1.32.17, github.com/minio/minio-go/v7 v7.4.1
# Expected: both read AWS's format, so that a file that works with one works with the other, or is refused by it.
# Seen: of six files they agree on one. A # inside a secret ends it for minio-go, which then signs with a part of the secret; the SDK
#       wants a space before it. Names in capitals are nothing to minio-go, and no error: its requests are anonymous. Spaces inside
#       the brackets, and a section that is named as in the other file, [profile default], are known to one of them each. A secret
#       that is empty is an error for minio-go, and for the SDK no credentials at all, also without an error.
# Needs: Go.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func main() {
	for _, text := range []string{
		"[default]\naws_access_key_id = A\naws_secret_access_key = S # mine\n",
		"[default]\naws_access_key_id = A\naws_secret_access_key = S#1\n",
		"[default]\nAWS_ACCESS_KEY_ID = A\nAWS_SECRET_ACCESS_KEY = S\n",
		"[ default ]\naws_access_key_id = A\naws_secret_access_key = S\n",
		"[profile default]\naws_access_key_id = A\naws_secret_access_key = S\n",
		"[default]\naws_access_key_id = A\naws_secret_access_key =\n",
	} {
		if err := os.WriteFile("credentials", []byte(text), 0o600); err != nil {
			panic(err)
		}
		sdk, sdkErr := config.LoadSharedConfigProfile(context.Background(), "default", func(o *config.LoadSharedConfigOptions) {
			o.CredentialsFiles, o.ConfigFiles = []string{"credentials"}, []string{"none"}
		})
		other, otherErr := credentials.NewFileAWSCredentials("credentials", "default").Get()
		fmt.Printf("%q: SDK %q %q error=%v, minio-go %q %q error=%v\n", text, sdk.Credentials.AccessKeyID, sdk.Credentials.SecretAccessKey,
			sdkErr != nil, other.AccessKeyID, other.SecretAccessKey, otherErr != nil)
	}
}
GO
go mod init finding >/dev/null 2>&1
go get github.com/aws/aws-sdk-go-v2/config@v1.32.17 github.com/minio/minio-go/v7@v7.4.1 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
got=$(go run . | sed 's/.*: SDK/SDK/')
echo "$got"
want='SDK "A" "S" error=false, minio-go "A" "S" error=false
SDK "A" "S#1" error=false, minio-go "A" "S" error=false
SDK "A" "S" error=false, minio-go "" "" error=false
SDK "A" "S" error=false, minio-go "" "" error=true
SDK "" "" error=true, minio-go "A" "S" error=false
SDK "" "" error=false, minio-go "" "" error=true'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
