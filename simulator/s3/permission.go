package s3

import (
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws"
	"github.com/velero-locations/velero-locations/simulator/call"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// actions are the operations whose IAM action has another name than theirs, as in AWS's "Required permissions for
// Amazon S3 API operations". DeleteObjects needs s3:DeleteObject for each key.
var actions = map[string]string{
	"ListBuckets":                        "ListAllMyBuckets",
	"HeadBucket":                         "ListBucket",
	"ListObjects":                        "ListBucket",
	"ListObjectsV2":                      "ListBucket",
	"ListObjectVersions":                 "ListBucketVersions",
	"ListMultipartUploads":               "ListBucketMultipartUploads",
	"GetObjectLockConfiguration":         "GetBucketObjectLockConfiguration",
	"PutObjectLockConfiguration":         "PutBucketObjectLockConfiguration",
	"GetBucketEncryption":                "GetEncryptionConfiguration",
	"PutBucketEncryption":                "PutEncryptionConfiguration",
	"DeleteBucketEncryption":             "PutEncryptionConfiguration",
	"DeleteBucketTagging":                "PutBucketTagging",
	"GetBucketCors":                      "GetBucketCORS",
	"PutBucketCors":                      "PutBucketCORS",
	"DeleteBucketCors":                   "PutBucketCORS",
	"GetBucketLifecycleConfiguration":    "GetLifecycleConfiguration",
	"PutBucketLifecycleConfiguration":    "PutLifecycleConfiguration",
	"DeleteBucketLifecycle":              "PutLifecycleConfiguration",
	"GetBucketNotificationConfiguration": "GetBucketNotification",
	"PutBucketNotificationConfiguration": "PutBucketNotification",
	"GetPublicAccessBlock":               "GetBucketPublicAccessBlock",
	"PutPublicAccessBlock":               "PutBucketPublicAccessBlock",
	"DeletePublicAccessBlock":            "PutBucketPublicAccessBlock",
	"DeleteBucketOwnershipControls":      "PutBucketOwnershipControls",
	"HeadObject":                         "GetObject",
	"CopyObject":                         "PutObject",
	"PostObject":                         "PutObject",
	"CreateMultipartUpload":              "PutObject",
	"UploadPart":                         "PutObject",
	"UploadPartCopy":                     "PutObject",
	"CompleteMultipartUpload":            "PutObject",
	"ListParts":                          "ListMultipartUploadParts",

	"GetBucketAccelerateConfiguration":            "GetAccelerateConfiguration",
	"GetBucketIntelligentTieringConfiguration":    "GetIntelligentTieringConfiguration",
	"ListBucketIntelligentTieringConfigurations":  "GetIntelligentTieringConfiguration",
	"PutBucketIntelligentTieringConfiguration":    "PutIntelligentTieringConfiguration",
	"DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
}

// headerActions are what a header of a write asks for besides the write itself.
var headerActions = [...]struct{ header, action string }{
	{"X-Amz-Tagging", "s3:PutObjectTagging"},
	{lockUntilHeader, "s3:PutObjectRetention"},
	{legalHoldHeader, "s3:PutObjectLegalHold"},
	{bypassHeader, bypassAction},
}

// bypassAction is what it takes to delete what a retention in governance mode protects.
const bypassAction = "s3:BypassGovernanceRetention"

// action is the IAM action of an operation, on a version of an object where one is named.
func action(operation, version string) string {
	name := operation
	if other, found := actions[operation]; found {
		name = other
	}
	if version != "" && name != "RestoreObject" { // which is one for both
		name = strings.Replace(name, "Object", "ObjectVersion", 1)
	}
	return servicePrefix + name
}

// authorize refuses what the signer may not do with a bucket, or a key or prefix in it.
func (q *request) authorize(bucket store.BucketInfo) error {
	if q.op.name == "DeleteObjects" || q.op.name == "PutObjectTagging" {
		return nil // decided when their documents are read: for each key, and by the tags
	}
	version := q.query.Get("versionId")
	if !q.permits(action(q.op.name, version), bucket, q.Call.Key, version) {
		return accessDenied()
	}
	for _, needed := range headerActions {
		if value := q.Header.Get(needed.header); value != "" && value != "false" && !q.permits(needed.action, bucket, q.Call.Key, version) {
			return accessDenied()
		}
	}
	return nil
}

// authorizeService refuses what the signer may not do where no existing bucket is concerned.
func (q *request) authorizeService(region string) error {
	return q.authorize(store.BucketInfo{Name: q.name, Region: region, Account: q.signer.Account.ID})
}

// permits says whether the signer may do an action on a key of a bucket, or a version of it where one is named.
func (q *request) permits(action string, bucket store.BucketInfo, key, version string) bool {
	c := q.callOf(action, bucket, key, version)
	owner, resource := bucket.Account, q.bucketPolicy(action, bucket)
	if stored, found := q.server.options.Store.Bucket(bucket.Region, bucket.Name); found && stored.Info() == bucket {
		owner, resource = q.byACLs(c, version, stored, resource)
	}
	return q.signer.Permits(c, owner, resource)
}

// callOf is what policies decide about.
func (q *request) callOf(action string, bucket store.BucketInfo, key, version string) call.Call {
	c := q.Call
	c.Operation, c.Bucket, c.Region, c.Key = action, bucket.Name, bucket.Region, key
	c.Facts = facts{q, bucket, key, version}
	return c
}

// bucketPolicy is what the configuration and PutBucketPolicy say of an action on a bucket. The owner can always read and
// replace the policy, so that nobody is locked out.
func (q *request) bucketPolicy(action string, bucket store.BucketInfo) policy.Policy {
	if strings.HasSuffix(action, "BucketPolicy") && q.signer.Account.ID == bucket.Account {
		return nil
	}
	var out policy.Policy
	if policies := q.server.options.BucketPolicies; policies != nil {
		out = policies(bucket.Region, bucket.Name)
	}
	if stored, found := q.server.options.Store.Bucket(bucket.Region, bucket.Name); found {
		if set := q.enforced(stored.Settings(), bucket.Account); len(set) > 0 {
			out = slices.Concat(out, set)
		}
	}
	return out
}

// conceal keeps from a signer who may not list a bucket whether it holds a key, as S3 does: 403 instead of 404.
func (q *request) conceal(err error) error {
	if err == nil || q.bucket == nil || aws.AsError(err).Code != "NoSuchKey" {
		return err
	}
	if q.permits(servicePrefix+"ListBucket", q.bucket.Info(), q.key, "") {
		return err
	}
	return accessDenied()
}
