package s3_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestPolicyConditions denies by what a request says of itself, or of the object: of two calls the first is denied, the second is not.
func TestPolicyConditions(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1")
	for _, kind := range []string{"secret", "open"} {
		if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: aws.String(kind), Tagging: aws.String("kind=" + kind)}); err != nil {
			t.Fatal(err)
		}
	}
	get := func(key string) error {
		return only(client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: &key}))
	}
	put := func(edit func(*awss3.PutObjectInput)) error {
		in := &awss3.PutObjectInput{Bucket: home, Key: aws.String("k")}
		edit(in)
		return only(client.PutObject(t.Context(), in))
	}
	tag := func(value string) error {
		return only(client.PutObjectTagging(t.Context(), &awss3.PutObjectTaggingInput{Bucket: home, Key: aws.String("open"), Tagging: &types.Tagging{
			TagSet: []types.Tag{{Key: aws.String("kind"), Value: &value}},
		}}))
	}
	list := func(prefix string, most int32) error {
		return only(client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: home, Prefix: &prefix, MaxKeys: &most}))
	}
	nothing := func(*awss3.PutObjectInput) {}
	encrypted := func(by types.ServerSideEncryption) func(*awss3.PutObjectInput) {
		return func(in *awss3.PutObjectInput) { in.ServerSideEncryption = by }
	}
	for _, test := range []struct {
		action, condition string
		denied, allowed   func() error
	}{
		{"s3:GetObject", `{"StringEquals": {"s3:ExistingObjectTag/kind": "secret"}}`, func() error { return get("secret") }, func() error { return get("open") }},
		{"s3:PutObjectTagging", `{"StringNotEquals": {"s3:RequestObjectTag/kind": "open"}}`, func() error { return tag("secret") }, func() error { return tag("open") }},
		{
			"s3:PutObject", `{"ForAnyValue:StringEquals": {"s3:RequestObjectTagKeys": ["b"]}}`,
			func() error { return put(func(in *awss3.PutObjectInput) { in.Tagging = aws.String("a=1&b=2") }) },
			func() error { return put(func(in *awss3.PutObjectInput) { in.Tagging = aws.String("a=1") }) },
		},
		{"s3:PutObject", `{"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}`, func() error { return put(encrypted("AES256")) }, func() error { return put(encrypted("aws:kms")) }},
		{"s3:PutObject", `{"Null": {"s3:x-amz-server-side-encryption": "true"}}`, func() error { return put(nothing) }, func() error { return put(encrypted("AES256")) }},
		{
			"s3:PutObject", `{"StringNotEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}`,
			func() error { return put(nothing) },
			func() error { return put(func(in *awss3.PutObjectInput) { in.ACL = "bucket-owner-full-control" }) },
		},
		{
			"s3:PutObject", `{"StringEquals": {"s3:x-amz-storage-class": "GLACIER"}}`,
			func() error { return put(func(in *awss3.PutObjectInput) { in.StorageClass = "GLACIER" }) }, func() error { return put(nothing) },
		},
		{"s3:ListBucket", `{"StringNotLike": {"s3:prefix": "team/*"}}`, func() error { return list("other/", 1) }, func() error { return list("team/a", 1) }},
		{"s3:ListBucket", `{"NumericGreaterThan": {"s3:max-keys": "10"}}`, func() error { return list("", 11) }, func() error { return list("", 10) }},
		{"s3:GetObject", `{"Bool": {"aws:SecureTransport": "false"}}`, func() error { return get("open") }, func() error { return list("", 1) }},
		{"s3:GetObject", `{"IpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1"]}}`, func() error { return get("open") }, func() error { return list("", 1) }},
		{"s3:*", `{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::` + alice + `:user/alice"}}`, func() error { return get("open") }, nil},
	} {
		setPolicy(t, client, `{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "`+test.action+`", "Resource": ["arn:aws:s3:::alice-home", "arn:aws:s3:::alice-home/*"], "Condition": `+test.condition+`}}`)
		if err := test.denied(); errorCode(err) != "AccessDenied" {
			t.Errorf("%s: %v, want AccessDenied", test.condition, err)
		}
		if test.allowed == nil {
			continue
		}
		if err := test.allowed(); err != nil {
			t.Errorf("%s: %v", test.condition, err)
		}
	}
}

func setPolicy(t *testing.T, client *awss3.Client, document string) {
	t.Helper()
	if _, err := client.PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: home, Policy: &document}); err != nil {
		t.Fatal(err)
	}
}

// TestConditionsOfOthers lets nobody in but an account, by a condition, which is not public.
func TestConditionsOfOthers(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1")
	putText(t, client, "k", "x")
	setPolicy(t, client, `{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::alice-home/*",
		"Condition": {"StringEquals": {"aws:PrincipalAccount": "`+bob+`"}}}}`)
	checkStatus(t, c.send(t, bobKey, "us-east-1", http.MethodGet, "/alice-home/k", ""), http.StatusOK, "")
	checkStatus(t, c.send(t, bobKey, "", http.MethodGet, "/alice-home/k", ""), http.StatusForbidden, "AccessDenied")
}
