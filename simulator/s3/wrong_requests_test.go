package s3_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestWrongRequests asks for what cannot be: codes and the order of checks are S3's.
func TestWrongRequests(t *testing.T) {
	c := start(t, twoAccounts())
	locked := c.send(t, aliceKey, "us-east-1", http.MethodPut, "/locked", "", header("X-Amz-Bucket-Object-Lock-Enabled", "true"))
	checkStatus(t, locked, 200, "")
	for _, path := range []string{"/locked/k", "/alice-home/k"} {
		checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, path, "x"), 200, "")
	}
	configure := func(rule string) string {
		return "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>" + rule + "</DefaultRetention></Rule></ObjectLockConfiguration>"
	}
	retain := func(mode, until string) string {
		return "<Retention><Mode>" + mode + "</Mode><RetainUntilDate>" + until + "</RetainUntilDate></Retention>"
	}
	tags := func(key, value string) string {
		return "<Tagging><TagSet><Tag><Key>" + key + "</Key><Value>" + value + "</Value></Tag></TagSet></Tagging>"
	}
	hold := header("X-Amz-Object-Lock-Legal-Hold", "ON")
	future := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, test := range []struct {
		name, method, path, body string
		edit                     func(*http.Request)
		status                   int
		want                     string
	}{
		{"version id that is none", "GET", "/alice-home/k?versionId=invalid", "", nil, 400, "<Code>InvalidArgument</Code><Message>Invalid version id specified</Message><ArgumentName>versionId</ArgumentName><ArgumentValue>invalid<"},
		{"version id that is none, tags", "PUT", "/alice-home/k?tagging&versionId=invalid", tags("k", "v"), nil, 400, "InvalidArgument"},
		{"version id that is none, deletion", "DELETE", "/alice-home/k?versionId=invalid", "", nil, 400, "InvalidArgument"},
		{"empty version id", "GET", "/alice-home/k?versionId=", "", nil, 400, "Version id cannot be the empty string"},
		{"version that there is not", "GET", "/alice-home/k?versionId=VWVT9JkWTreQ95JbRmQt6T3LWrljLpRZ", "", nil, 404, "NoSuchVersion"},
		{"version null", "GET", "/alice-home/k?versionId=null", "", nil, 200, ""},
		{"version id that is none, of a source", "PUT", "/alice-home/copy", "", header("X-Amz-Copy-Source", "/alice-home/k?versionId=invalid"), 400, "Invalid version id specified"},
		{"character that no tag has", "PUT", "/alice-home/k?tagging", tags("a*b", "v"), nil, 400, "InvalidTag"},
		{"character that no value has", "PUT", "/alice-home/k?tagging", tags("k", "a?b"), nil, 400, "InvalidTag"},
		{"all that tags have", "PUT", "/alice-home/k?tagging", tags("é +-=._:/@1", "é +-=._:/@1"), nil, 200, ""},
		{"characters of tags in a header", "PUT", "/alice-home/k", "x", header("X-Amz-Tagging", "a%2Ab=v"), 400, "InvalidTag"},

		{"lock of no bucket that has it", "PUT", "/alice-home/k", "x", hold, 400, "Bucket is missing ObjectLockConfiguration"},
		{"retention in no bucket that has it, malformed", "PUT", "/alice-home/k?retention", "<x/>", nil, 400, "Bucket is missing Object Lock Configuration"},
		{"locked content without a digest", "PUT", "/locked/new", "x", hold, 400, "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"},
		{"locked content with a digest", "PUT", "/locked/new", "x", func(r *http.Request) { hold(r); r.Header.Set("Content-MD5", "ndTkYSaMgDT1yFZOFVxnpg==") }, 200, ""},
		{"legal hold that was never set", "GET", "/locked/k?legal-hold", "", nil, 404, "NoSuchObjectLockConfiguration"},
		{"legal hold that is none", "PUT", "/locked/k?legal-hold", "<LegalHold><Status>abc</Status></LegalHold>", nil, 400, "MalformedXML"},
		{"legal hold off", "PUT", "/locked/k?legal-hold", "<LegalHold><Status>OFF</Status></LegalHold>", nil, 200, ""},
		{"legal hold that was set", "GET", "/locked/k?legal-hold", "", nil, 200, "<Status>OFF</Status>"},
		{"retention in no mode", "PUT", "/locked/k?retention", retain("governance", future), nil, 400, "MalformedXML"},
		{"retention until no time", "PUT", "/locked/k?retention", retain("GOVERNANCE", "tomorrow"), nil, 400, "MalformedXML"},
		{"retention until the past", "PUT", "/locked/k?retention", retain("GOVERNANCE", "2001-02-03T04:05:06Z"), nil, 400, "InvalidArgument"},
		{"retention of nothing", "PUT", "/locked/none?retention", retain("GOVERNANCE", future), nil, 404, "NoSuchKey"},
		{"retention that was never set", "GET", "/locked/k?retention", "", nil, 404, "NoSuchObjectLockConfiguration"},
		{"default of days and years", "PUT", "/locked?object-lock", configure("<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>"), nil, 400, "MalformedXML"},
		{"default in no mode", "PUT", "/locked?object-lock", configure("<Mode>abc</Mode><Days>1</Days>"), nil, 400, "MalformedXML"},
		{"default of no days", "PUT", "/locked?object-lock", configure("<Mode>GOVERNANCE</Mode><Days>0</Days>"), nil, 400, "Default retention period must be a positive integer value."},
		{"default of years that are none", "PUT", "/locked?object-lock", configure("<Mode>GOVERNANCE</Mode><Years>-1</Years>"), nil, 400, "InvalidArgument"},
		{"default", "PUT", "/locked?object-lock", configure("<Mode>GOVERNANCE</Mode><Days>1</Days>"), nil, 200, ""},
		{"content that is locked by default, without a digest", "PUT", "/locked/new", "x", nil, 400, "Content-MD5 OR x-amz-checksum-"},
		{"versions are needed", "PUT", "/alice-home?object-lock", configure("<Mode>GOVERNANCE</Mode><Days>1</Days>"), nil, 409, "InvalidBucketState"},
	} {
		t.Run(test.name, func(t *testing.T) {
			edit := test.edit
			if edit == nil {
				edit = func(*http.Request) {}
			}
			response := c.send(t, aliceKey, "us-east-1", test.method, test.path, test.body, edit)
			if got := text(t, response); response.StatusCode != test.status || !strings.Contains(got, test.want) {
				t.Errorf("%d %s, want %d %s", response.StatusCode, got, test.status, test.want)
			}
		})
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// TestMissingContentHash signs a request in its headers without x-amz-content-sha256, as for other services than S3.
func TestMissingContentHash(t *testing.T) {
	c := start(t, twoAccounts())
	for _, path := range []string{"/", "/alice-home", "/alice-home/k"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		key := aws.Credentials{AccessKeyID: aliceKey.ID, SecretAccessKey: aliceKey.Secret}
		if err := v4.NewSigner().SignHTTP(t.Context(), key, r, hash(nil), "s3", "us-east-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		response, err := c.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := text(t, response); response.StatusCode != http.StatusBadRequest || !strings.Contains(got, "Missing required header for this request: x-amz-content-sha256") {
			t.Errorf("%s: %d %s", path, response.StatusCode, got)
		}
		_ = response.Body.Close()
	}
}

// TestOwnerOfSource copies from a bucket that the client believes to be another account's.
func TestOwnerOfSource(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: plainBucket, Key: someKey, Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	for owner, code := range map[string]string{alice: "", bob: "AccessDenied"} {
		in := &awss3.CopyObjectInput{Bucket: plainBucket, Key: aws.String("copy"), CopySource: aws.String("alice-home/k"), ExpectedSourceBucketOwner: &owner}
		if _, err := client.CopyObject(t.Context(), in); errorCode(err) != code {
			t.Errorf("a bucket of %s: %v, want %q", owner, err, code)
		}
	}
}

// TestBucketWithTags makes a bucket with tags, which it has then, or which are refused before it is made.
func TestBucketWithTags(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	create := func(name, key string) error {
		_, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: &types.CreateBucketConfiguration{
			Tags: []types.Tag{{Key: &key, Value: aws.String("shop")}},
		}})
		return err
	}
	if err := create("tagged", "team"); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: aws.String("tagged")})
	if err != nil || len(out.TagSet) != 1 || *out.TagSet[0].Key != "team" || *out.TagSet[0].Value != "shop" {
		t.Errorf("%+v, %v", out, err)
	}
	if err := create("not-tagged", "aws:team"); errorCode(err) != "InvalidTag" {
		t.Errorf("a tag of the system: %v", err)
	}
	if _, err := client.HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: aws.String("not-tagged")}); err == nil {
		t.Error("the bucket was made without its tags")
	}
}
