#!/bin/sh
# Writes an object to the simulator, lets reading it go wrong twice, and reads it all the same. Start the simulator, then: sh s3.sh.
# It needs curl 7.75 or later, which signs requests.
set -eu
endpoint=${AWS_ENDPOINT_URL_S3:-http://127.0.0.1:9000}
control=${VELERO_LOCATIONS_SIMULATOR:-http://127.0.0.1:7446}

s3() {
	curl --silent --show-error --fail --retry 3 --retry-delay 1 --aws-sigv4 "aws:amz:${AWS_REGION:-us-east-1}:s3" \
		--user "${AWS_ACCESS_KEY_ID:-AKIAPRIMARY}:${AWS_SECRET_ACCESS_KEY:-primary-secret}" \
		--header x-amz-content-sha256:UNSIGNED-PAYLOAD "$@"
}

s3 --request PUT --header Content-Type:text/plain --data hello "$endpoint/velero/shell"
curl --silent --show-error --fail --output /dev/null "$control/v1/faults" \
	--data '{"match": {"operations": ["s3:GetObject"]}, "times": 2, "fault": {"type": "error", "code": "SlowDown"}}'
s3 "$endpoint/velero/shell" && echo
curl --silent --show-error --fail --request POST "$control/v1/reset"
