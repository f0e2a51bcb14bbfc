package s3

import (
	"slices"

	"github.com/velero-locations/velero-locations/simulator/call"
)

// servicePrefix begins the names of S3's operations and actions.
const servicePrefix = "s3:"

// Identify makes out who asks for what.
func (q *request) Identify() {
	if q.URL.RawQuery != "" {
		q.query = q.URL.Query()
	}
	q.address()
	q.claim, q.claimErr = q.parseAuthorization()
	q.op, q.opErr = q.operation()
	q.Call = call.Call{Bucket: q.name, Key: q.key, Region: q.region}
	if q.op.name != "" {
		q.Call.Operation = servicePrefix + q.op.name
	}
	if q.level() == bucketLevel {
		q.Call.Key = q.query.Get("prefix")
	}
	if q.claim == nil {
		return
	}
	q.Claim(q.claim.AccessKeyID)
	if q.Call.Region == "" && slices.Contains(q.server.options.Regions, q.claim.Region) {
		q.Call.Region = q.claim.Region
	}
}
