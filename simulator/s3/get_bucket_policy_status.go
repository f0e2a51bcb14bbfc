package s3

import "encoding/xml"

// getBucketPolicyStatus is GetBucketPolicyStatus: a policy is public if it lets everybody do something.
func getBucketPolicyStatus(q *request) error {
	set := q.bucket.Settings().Policy
	if set.Document == "" {
		return noBucketPolicy(q.name)
	}
	return writeXML(q.W, struct {
		XMLName  xml.Name `xml:"PolicyStatus"`
		Xmlns    string   `xml:"xmlns,attr"`
		IsPublic bool
	}{Xmlns: namespace, IsPublic: isPublic(set.Statements)})
}
