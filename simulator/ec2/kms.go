package ec2

import (
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
)

// keyARN returns the ARN of a KMS key that is given by its ARN, its id or its alias. Keys are not looked up: any will do.
func keyARN(r *query.Request, key string) string {
	switch {
	case strings.HasPrefix(key, "arn:"):
		return key
	case !strings.HasPrefix(key, "alias/"):
		key = "key/" + key
	}
	return "arn:aws:kms:" + r.Call.Region + ":" + r.Call.Account + ":" + key
}
