package s3

import (
	"encoding/xml"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/policy"
)

// getBucketPolicyStatus is GetBucketPolicyStatus: a policy is public if it lets everybody do something.
func getBucketPolicyStatus(q *request) error {
	set := q.bucket.Settings().Policy
	if set.Document == "" {
		return noBucketPolicy(q.name)
	}
	isPublic := func(s policy.Statement) bool {
		return s.Effect == policy.Allow && slices.Contains(s.Accounts, policy.Everybody)
	}
	return writeXML(q.W, struct {
		XMLName  xml.Name `xml:"PolicyStatus"`
		Xmlns    string   `xml:"xmlns,attr"`
		IsPublic bool
	}{Xmlns: namespace, IsPublic: slices.ContainsFunc(set.Statements, isPublic)})
}
