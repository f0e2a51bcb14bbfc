package s3_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

func allow(actions ...string) policy.Statement {
	return policy.Statement{Effect: policy.Allow, Actions: actions}
}

var (
	clusterKey  = simulator.AccessKeyConfig{ID: "AKIACLUSTER", Secret: "cluster secret"}
	readerKey   = simulator.AccessKeyConfig{ID: "AKIAREADER", Secret: "reader secret"}
	writerKey   = simulator.AccessKeyConfig{ID: "AKIAWRITER", Secret: "writer secret"}
	noDeleteKey = simulator.AccessKeyConfig{ID: "AKIANODELETE", Secret: "no delete secret"}
	regionKey   = simulator.AccessKeyConfig{ID: "AKIAREGION", Secret: "region secret"}
	partnerKey  = simulator.AccessKeyConfig{ID: "AKIAPARTNER", Secret: "partner secret"}
)

// withPolicies is twoAccounts with keys of alice that may do less than all, and a bucket that she shares with bob.
func withPolicies() simulator.Config {
	config := twoAccounts()
	prefixed := allow("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket")
	prefixed.Bucket, prefixed.Prefix = "alice-home", "cluster1/"
	clusterKey.Policy = policy.Policy{prefixed}
	readerKey.Policy = policy.Policy{allow("s3:Get*", "s3:List*")}
	writerKey.Policy = policy.Policy{allow("s3:PutObject", "s3:GetObject")}
	noDeleteKey.Policy = policy.Policy{allow("*"), {Effect: policy.Deny, Actions: []string{"s3:Delete*"}}}
	abroad := allow("*")
	abroad.Regions = []string{"eu-*"}
	regionKey.Policy = policy.Policy{abroad}
	config.Accounts[0].AccessKeys = []simulator.AccessKeyConfig{aliceKey, clusterKey, readerKey, writerKey, noDeleteKey, regionKey}
	partnerKey.Policy = policy.Policy{allow("s3:PutObject")}
	config.Accounts[1].AccessKeys = []simulator.AccessKeyConfig{bobKey, partnerKey}
	shared := allow("s3:GetObject", "s3:ListBucket")
	shared.Accounts, shared.Prefix = []string{bob}, "shared/"
	config.Accounts[0].Buckets[0].Policy = policy.Policy{shared, {Effect: policy.Deny, Actions: []string{"s3:GetObject"}, Prefix: "secret/"}}
	return config
}

func TestPolicyAnswers(t *testing.T) {
	c := start(t, withPolicies())
	for _, key := range []string{"cluster1/a", "cluster2/a", "shared/a", "secret/a"} {
		checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/"+key, "text"), 200, "")
	}
	for _, test := range []struct {
		name         string
		key          simulator.AccessKeyConfig
		method, path string
		body         string
		status       int
		code         string
	}{
		{"get under the prefix", clusterKey, "GET", "/alice-home/cluster1/a", "", 200, ""},
		{"put under the prefix", clusterKey, "PUT", "/alice-home/cluster1/b", "x", 200, ""},
		{"get beside it", clusterKey, "GET", "/alice-home/cluster2/a", "", 403, "AccessDenied"},
		{"put beside it", clusterKey, "PUT", "/alice-home/cluster2/b", "x", 403, "AccessDenied"},
		{"HEAD beside it", clusterKey, "HEAD", "/alice-home/cluster2/a", "", 403, ""},
		{"list under the prefix", clusterKey, "GET", "/alice-home?list-type=2&prefix=cluster1/", "", 200, ""},
		{"list further down", clusterKey, "GET", "/alice-home?list-type=2&prefix=cluster1/backups/&delimiter=/", "", 200, ""},
		{"list beside it", clusterKey, "GET", "/alice-home?list-type=2&prefix=cluster2/", "", 403, "AccessDenied"},
		{"list without a prefix", clusterKey, "GET", "/alice-home?list-type=2", "", 403, "AccessDenied"},
		{"list of the first version", clusterKey, "GET", "/alice-home?prefix=cluster", "", 403, "AccessDenied"},
		{"HEAD bucket", clusterKey, "HEAD", "/alice-home", "", 403, ""},
		{"location", clusterKey, "GET", "/alice-home?location", "", 403, "AccessDenied"},
		{"buckets", clusterKey, "GET", "/", "", 403, "AccessDenied"},
		{"delete the bucket", clusterKey, "DELETE", "/alice-home", "", 403, "AccessDenied"},
		{"missing key under the prefix", clusterKey, "GET", "/alice-home/cluster1/none", "", 404, "NoSuchKey"},
		{"missing key beside it", clusterKey, "GET", "/alice-home/cluster2/none", "", 403, "AccessDenied"},
		{"copy to the prefix from beside it", clusterKey, "PUT", "/alice-home/cluster1/copy", "copy:/alice-home/cluster2/a", 403, "AccessDenied"},
		{"copy within the prefix", clusterKey, "PUT", "/alice-home/cluster1/copy", "copy:/alice-home/cluster1/a", 200, ""},

		{"read-only: get", readerKey, "GET", "/alice-home/cluster1/a", "", 200, ""},
		{"read-only: HEAD", readerKey, "HEAD", "/alice-home/cluster1/a", "", 200, ""},
		{"read-only: buckets", readerKey, "GET", "/", "", 200, ""},
		{"read-only: location", readerKey, "GET", "/alice-home?location", "", 200, ""},
		{"read-only: put", readerKey, "PUT", "/alice-home/cluster1/b", "x", 403, "AccessDenied"},
		{"read-only: delete", readerKey, "DELETE", "/alice-home/cluster1/a", "", 403, "AccessDenied"},
		{"read-only: multipart upload", readerKey, "POST", "/alice-home/cluster1/b?uploads", "", 403, "AccessDenied"},
		{"read-only: new bucket", readerKey, "PUT", "/alice-new", "", 403, "AccessDenied"},

		{"missing key without the right to list", writerKey, "GET", "/alice-home/none", "", 403, "AccessDenied"},
		{"HEAD of it", writerKey, "HEAD", "/alice-home/none", "", 403, ""},
		{"missing key with the right to list", aliceKey, "GET", "/alice-home/none", "", 404, "NoSuchKey"},
		{"HEAD of it, too", aliceKey, "HEAD", "/alice-home/none", "", 404, ""},
		{"missing bucket", writerKey, "GET", "/alice-nowhere/none", "", 404, "NoSuchBucket"},
		{"a tag without the right to tag", writerKey, "PUT", "/alice-home/k", "tagged", 403, "AccessDenied"},

		{"denial wins", noDeleteKey, "DELETE", "/alice-home/cluster1/a", "", 403, "AccessDenied"},
		{"everything else is allowed", noDeleteKey, "GET", "/alice-home/cluster1/a", "", 200, ""},
		{"another region", regionKey, "GET", "/alice-home/cluster1/a", "", 403, "AccessDenied"},

		{"shared with another account", bobKey, "GET", "/alice-home/shared/a", "", 200, ""},
		{"shared for listing", bobKey, "GET", "/alice-home?list-type=2&prefix=shared/", "", 200, ""},
		{"not shared for writing", bobKey, "PUT", "/alice-home/shared/b", "x", 403, "AccessDenied"},
		{"not shared beside the prefix", bobKey, "GET", "/alice-home/cluster1/a", "", 403, "AccessDenied"},
		{"shared, but not allowed at home", partnerKey, "GET", "/alice-home/shared/a", "", 403, "AccessDenied"},
		{"denied by the bucket to its owner", aliceKey, "GET", "/alice-home/secret/a", "", 403, "AccessDenied"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response := c.send(t, test.key, "us-east-1", test.method, test.path, test.body, func(r *http.Request) {
				if source, found := strings.CutPrefix(test.body, "copy:"); found {
					r.Header.Set("X-Amz-Copy-Source", source)
				}
				if test.body == "tagged" {
					r.Header.Set("X-Amz-Tagging", "a=b")
				}
			})
			checkStatus(t, response, test.status, test.code)
			if strings.HasPrefix(test.path, "/alice-home") && response.Header.Get("X-Amz-Bucket-Region") != "us-east-1" {
				t.Error("the answer does not tell the bucket's region")
			}
		})
	}
	checkStatus(t, c.send(t, regionKey, "eu-west-1", http.MethodPut, "/alice-abroad/k", "x"), 200, "")
}

// TestPoliciesSeenByClients asks as Velero, restic and kopia do.
func TestPoliciesSeenByClients(t *testing.T) {
	c := start(t, withPolicies())
	ours := c.minio(t, clusterKey, "us-east-1")
	if _, err := ours.PutObject(t.Context(), "alice-home", "cluster1/k", strings.NewReader("x"), 1, minio.PutObjectOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := ours.PutObject(t.Context(), "alice-home", "cluster2/k", strings.NewReader("x"), 1, minio.PutObjectOptions{}); errorCode(err) != "AccessDenied" {
		t.Errorf("put beside the prefix: %v", err)
	}
	for object := range ours.ListObjects(t.Context(), "alice-home", minio.ListObjectsOptions{Prefix: "cluster1/", Recursive: true}) {
		if object.Err != nil || object.Key != "cluster1/k" {
			t.Errorf("%+v", object)
		}
	}
	client := c.aws(clusterKey, "us-east-1")
	if _, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("alice-home"), Prefix: aws.String("cluster2/")}); errorCode(err) != "AccessDenied" {
		t.Errorf("list beside the prefix: %v", err)
	}
	if _, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("alice-home"), Key: aws.String("cluster1/none")}); errorCode(err) != "NotFound" {
		t.Errorf("a missing key under the prefix: %v", err)
	}
	if _, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("alice-home"), Key: aws.String("cluster2/none")}); errorCode(err) != "Forbidden" {
		t.Errorf("a missing key beside the prefix: %v", err)
	}
}

// TestDeleteSeveral refuses the keys that the signer may not delete, and deletes the others.
func TestDeleteSeveral(t *testing.T) {
	c := start(t, withPolicies())
	for _, key := range []string{"cluster1/a", "cluster2/a"} {
		checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/"+key, "text"), 200, "")
	}
	var refused []string
	for e := range c.minio(t, clusterKey, "us-east-1").RemoveObjects(t.Context(), "alice-home", sendKeys("cluster1/a", "cluster2/a"), minio.RemoveObjectsOptions{}) {
		if refused = append(refused, e.ObjectName); errorCode(e.Err) != "AccessDenied" {
			t.Errorf("%+v", e)
		}
	}
	if !slices.Equal(refused, []string{"cluster2/a"}) {
		t.Errorf("refused: %q", refused)
	}
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home/cluster1/a", ""), 404, "NoSuchKey")
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home/cluster2/a", ""), 200, "")
}

// TestVersionPolicy: a version of an object needs actions of its own.
func TestVersionPolicy(t *testing.T) {
	c := start(t, withPolicies())
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/cluster1/k", "text"), 200, "")
	checkStatus(t, c.send(t, clusterKey, "us-east-1", http.MethodGet, "/alice-home/cluster1/k?versionId=null", ""), 403, "AccessDenied")
	checkStatus(t, c.send(t, readerKey, "us-east-1", http.MethodGet, "/alice-home/cluster1/k?versionId=null", ""), 200, "")
	checkStatus(t, c.send(t, clusterKey, "us-east-1", http.MethodDelete, "/alice-home/cluster1/k?versionId=null", ""), 403, "AccessDenied")
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodDelete, "/alice-home/cluster1/k?versionId=null", ""), 204, "")
}

func TestAccountPolicy(t *testing.T) {
	config := twoAccounts()
	config.Accounts[0].Policy = policy.Policy{allow("*"), {Effect: policy.Deny, Actions: []string{"s3:CreateBucket"}}}
	c := start(t, config)
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-new", ""), 403, "AccessDenied")
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "x"), 200, "")
	checkStatus(t, c.send(t, bobKey, "us-east-1", http.MethodPut, "/bob-new", ""), 200, "")
}

// TestActionNames uses operations whose IAM actions have other names than they, with keys that may do nothing else.
func TestActionNames(t *testing.T) {
	for action, requests := range map[string][]string{
		"s3:RestoreObject":                    {"POST /alice-home/cold?restore", "POST /alice-home/cold?restore&versionId=null"},
		"s3:PutLifecycleConfiguration":        {"PUT /alice-home?lifecycle", "DELETE /alice-home?lifecycle"},
		"s3:GetLifecycleConfiguration":        {"GET /alice-home?lifecycle"},
		"s3:GetBucketPublicAccessBlock":       {"GET /alice-home?publicAccessBlock"},
		"s3:PutBucketPublicAccessBlock":       {"PUT /alice-home?publicAccessBlock", "DELETE /alice-home?publicAccessBlock"},
		"s3:GetBucketOwnershipControls":       {"GET /alice-home?ownershipControls"},
		"s3:PutBucketOwnershipControls":       {"PUT /alice-home?ownershipControls", "DELETE /alice-home?ownershipControls"},
		"s3:GetBucketObjectLockConfiguration": {"GET /alice-home?object-lock"},
	} {
		config := twoAccounts()
		may, mayNot := simulator.AccessKeyConfig{ID: "AKIAMAY", Secret: "may secret"}, simulator.AccessKeyConfig{ID: "AKIAMAYNOT", Secret: "may not secret"}
		may.Policy = policy.Policy{allow(action)}
		mayNot.Policy = policy.Policy{allow("*"), {Effect: policy.Deny, Actions: []string{action}}}
		config.Accounts[0].AccessKeys = append(config.Accounts[0].AccessKeys, may, mayNot)
		c := start(t, config)
		c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/cold", "x", func(r *http.Request) { r.Header.Set("X-Amz-Storage-Class", "GLACIER") })
		for _, request := range requests {
			method, path, _ := strings.Cut(request, " ")
			if response := c.send(t, may, "us-east-1", method, path, ""); response.StatusCode == http.StatusForbidden {
				t.Errorf("%s with %s alone: %s", request, action, text(t, response))
			}
			checkStatus(t, c.send(t, mayNot, "us-east-1", method, path, ""), http.StatusForbidden, "AccessDenied")
		}
	}
}
