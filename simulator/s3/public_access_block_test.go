package s3_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func ownedBy(owner types.ObjectOwnership) *types.OwnershipControls {
	return &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: owner}}}
}

// TestNewBuckets shows that a bucket begins as one at AWS, that its settings can be set and deleted, and that they stay after a restart.
func TestNewBuckets(t *testing.T) {
	config := twoAccounts()
	config.DataDir = t.TempDir()
	all := types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}
	same := func(x, y *types.PublicAccessBlockConfiguration) bool {
		return *x.BlockPublicAcls == *y.BlockPublicAcls && *x.IgnorePublicAcls == *y.IgnorePublicAcls && *x.BlockPublicPolicy == *y.BlockPublicPolicy && *x.RestrictPublicBuckets == *y.RestrictPublicBuckets
	}
	some := all
	some.BlockPublicAcls, some.RestrictPublicBuckets = aws.Bool(false), aws.Bool(false)
	expect := func(t *testing.T, client *awss3.Client, bucket string, block *types.PublicAccessBlockConfiguration, owner types.ObjectOwnership) {
		t.Helper()
		blocked, err := client.GetPublicAccessBlock(t.Context(), &awss3.GetPublicAccessBlockInput{Bucket: &bucket})
		if block == nil && errorCode(err) != "NoSuchPublicAccessBlockConfiguration" || block != nil && (err != nil || !same(blocked.PublicAccessBlockConfiguration, block)) {
			t.Errorf("%s: blocked %+v, %v", bucket, blocked, err)
		}
		owned, err := client.GetBucketOwnershipControls(t.Context(), &awss3.GetBucketOwnershipControlsInput{Bucket: &bucket})
		if owner == "" && errorCode(err) != "OwnershipControlsNotFoundError" || owner != "" && (err != nil || owned.OwnershipControls.Rules[0].ObjectOwnership != owner) {
			t.Errorf("%s: owned %+v, %v", bucket, owned, err)
		}
	}
	t.Run("set", func(t *testing.T) {
		client := start(t, config).aws(aliceKey, "us-east-1")
		_, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("fresh"), ObjectOwnership: types.ObjectOwnershipObjectWriter})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, client, "fresh", &all, types.ObjectOwnershipObjectWriter)
		expect(t, client, "alice-home", &all, types.ObjectOwnershipBucketOwnerEnforced)
		_, err = client.PutPublicAccessBlock(t.Context(), &awss3.PutPublicAccessBlockInput{Bucket: plainBucket, PublicAccessBlockConfiguration: &some})
		if err == nil {
			_, err = client.PutBucketOwnershipControls(t.Context(), &awss3.PutBucketOwnershipControlsInput{Bucket: plainBucket, OwnershipControls: ownedBy(types.ObjectOwnershipBucketOwnerPreferred)})
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("after a restart", func(t *testing.T) {
		client := start(t, config).aws(aliceKey, "us-east-1")
		expect(t, client, "alice-home", &some, types.ObjectOwnershipBucketOwnerPreferred)
		_, err := client.DeletePublicAccessBlock(t.Context(), &awss3.DeletePublicAccessBlockInput{Bucket: plainBucket})
		if err == nil {
			_, err = client.DeleteBucketOwnershipControls(t.Context(), &awss3.DeleteBucketOwnershipControlsInput{Bucket: plainBucket})
		}
		if err != nil {
			t.Fatal(err)
		}
		expect(t, client, "alice-home", nil, "")
		_, err = client.PutBucketOwnershipControls(t.Context(), &awss3.PutBucketOwnershipControlsInput{Bucket: plainBucket, OwnershipControls: ownedBy("Nobody")})
		if errorCode(err) != "MalformedXML" {
			t.Errorf("an ownership that is none: %v", err)
		}
		if _, err = client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("other"), ObjectOwnership: "Nobody"}); errorCode(err) != "InvalidArgument" {
			t.Errorf("a bucket with an ownership that is none: %v", err)
		}
	})
}

// TestRestrictPublicBuckets shows that a public policy, which came before the restriction, lets nobody else in, while one of the
// configuration does.
func TestRestrictPublicBuckets(t *testing.T) {
	c := start(t, twoAccounts())
	alice := func(method, path, body string) *http.Response {
		return c.send(t, aliceKey, "us-east-1", method, path, body)
	}
	const block = `<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>`
	policy := `{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::alice-home/*"}]}`
	checkStatus(t, alice(http.MethodPut, "/alice-home/k", "k"), 200, "")
	checkStatus(t, alice(http.MethodDelete, "/alice-home?publicAccessBlock", ""), 204, "")
	checkStatus(t, alice(http.MethodPut, "/alice-home?policy", policy), 204, "")
	expect := func(status int) {
		t.Helper()
		for name, region := range map[string]string{"bob": "us-east-1", "nobody": ""} {
			if response := c.send(t, bobKey, region, http.MethodGet, "/alice-home/k", ""); response.StatusCode != status {
				t.Errorf("%s: %d, want %d", name, response.StatusCode, status)
			}
		}
		checkStatus(t, alice(http.MethodGet, "/alice-home/k", ""), 200, "")
	}
	expect(200)
	checkStatus(t, alice(http.MethodPut, "/alice-home?publicAccessBlock", block), 200, "")
	expect(403)
	checkStatus(t, alice(http.MethodPut, "/alice-home?publicAccessBlock", "<PublicAccessBlockConfiguration/>"), 200, "")
	expect(200)
}

// TestAllowPublicAccess makes buckets that take a public policy at once, as the configuration may have it.
func TestAllowPublicAccess(t *testing.T) {
	config := twoAccounts()
	config.S3.AllowPublicAccess = true
	c := start(t, config)
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/fresh", ""), 200, "")
	for _, bucket := range []string{"alice-home", "fresh"} {
		policy := `{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::` + bucket + `/*"}]}`
		checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/"+bucket+"?publicAccessBlock", ""), 404, "NoSuchPublicAccessBlockConfiguration")
		checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/"+bucket+"?policy", policy), 204, "")
	}
}

// TestACLs asks for ACLs of buckets with each ownership.
func TestACLs(t *testing.T) {
	type settings struct {
		owner   types.ObjectOwnership
		blocked bool
	}
	enforced, enabled, open := settings{"BucketOwnerEnforced", true}, settings{"ObjectWriter", true}, settings{"BucketOwnerPreferred", false}
	for _, test := range []struct {
		settings
		header, value string
		status        int
		code          string
	}{
		{enforced, "X-Amz-Acl", "bucket-owner-full-control", 200, ""},
		{enforced, "X-Amz-Acl", "public-read", 400, "AccessControlListNotSupported"},
		{enforced, "X-Amz-Grant-Read", `uri="http://acs.amazonaws.com/groups/global/AllUsers"`, 400, "AccessControlListNotSupported"},
		{enabled, "X-Amz-Acl", "bucket-owner-full-control", 200, ""},
		{enabled, "X-Amz-Acl", "authenticated-read", 403, "AccessDenied"},
		{enabled, "X-Amz-Grant-Read", `uri="http://acs.amazonaws.com/groups/global/AllUsers"`, 403, "AccessDenied"},
		{enabled, "X-Amz-Grant-Read", `uri="http://acs.amazonaws.com/groups/s3/LogDelivery"`, 200, ""},
		{open, "X-Amz-Acl", "public-read", 200, ""},
	} {
		c := start(t, twoAccounts())
		client := c.aws(aliceKey, "us-east-1")
		if _, err := client.PutBucketOwnershipControls(t.Context(), &awss3.PutBucketOwnershipControlsInput{Bucket: plainBucket, OwnershipControls: ownedBy(test.owner)}); err != nil {
			t.Fatal(err)
		}
		if !test.blocked {
			if _, err := client.DeletePublicAccessBlock(t.Context(), &awss3.DeletePublicAccessBlockInput{Bucket: plainBucket}); err != nil {
				t.Fatal(err)
			}
		}
		putText(t, client, "k", "text")
		for _, path := range []string{"/alice-home/k", "/alice-home/k?acl", "/alice-home?acl"} {
			response := c.send(t, aliceKey, "us-east-1", http.MethodPut, path, "", func(r *http.Request) { r.Header.Set(test.header, test.value) })
			checkStatus(t, response, test.status, test.code)
		}
	}
	c := start(t, twoAccounts())
	for ownership, code := range map[string]string{"": "InvalidBucketAclWithObjectOwnership", "ObjectWriter": "InvalidBucketAclWithBlockPublicAccessError"} {
		response := c.send(t, aliceKey, "us-east-1", http.MethodPut, "/fresh", "", func(r *http.Request) {
			r.Header.Set("X-Amz-Acl", "public-read")
			if ownership != "" {
				r.Header.Set("X-Amz-Object-Ownership", ownership)
			}
		})
		checkStatus(t, response, 400, code)
	}
}
