package s3_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/velero-locations/velero-locations/simulator"
)

// TestRefusals sends raw requests, since clients hide what they are told: they sign again for another region.
func TestRefusals(t *testing.T) {
	c := start(t, twoAccounts())
	c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "text")
	wrong := simulator.AccessKeyConfig{ID: aliceKey.ID, Secret: "guessed"}
	nobody := simulator.AccessKeyConfig{ID: "AKIANOBODY", Secret: "guessed"}
	for _, test := range []struct {
		name           string
		key            simulator.AccessKeyConfig
		signed         string
		method, path   string
		body           string
		status         int
		want           []string
		regionHeader   string
		headerOverride func(*http.Request)
	}{
		{name: "wrong secret", key: wrong, signed: "us-east-1", path: "/alice-home/k", status: 403, want: []string{"SignatureDoesNotMatch", "<AWSAccessKeyId>AKIAALICE<", "<StringToSign>AWS4-HMAC-SHA256&#xA;", "<CanonicalRequest>GET&#xA;/alice-home/k&#xA;"}, regionHeader: "us-east-1"},
		{name: "unknown key", key: nobody, signed: "us-east-1", path: "/alice-home/k", status: 403, want: []string{"InvalidAccessKeyId", "<AWSAccessKeyId>AKIANOBODY<"}, regionHeader: "us-east-1"},
		{name: "bucket of another region", key: aliceKey, signed: "us-east-1", path: "/alice-abroad/k", status: 301, want: []string{"PermanentRedirect", "<Endpoint>s3.eu-west-1.localhost:", "<Bucket>alice-abroad<"}, regionHeader: "eu-west-1"},
		{name: "HEAD bucket of another region", key: aliceKey, signed: "us-east-1", method: http.MethodHead, path: "/alice-abroad", status: 301, regionHeader: "eu-west-1"},
		{name: "region that is none", key: aliceKey, signed: "mars-1", path: "/alice-home/k", status: 400, want: []string{"AuthorizationHeaderMalformed", "<Region>us-east-1<", "the region 'mars-1' is wrong; expecting 'us-east-1'"}, regionHeader: "us-east-1"},
		{name: "missing bucket", key: aliceKey, signed: "us-east-1", path: "/alice-nowhere/k", status: 404, want: []string{"NoSuchBucket", "<BucketName>alice-nowhere<"}},
		{name: "HEAD missing bucket", key: aliceKey, signed: "us-east-1", method: http.MethodHead, path: "/alice-nowhere", status: 404},
		{name: "missing key", key: aliceKey, signed: "us-east-1", path: "/alice-home/nothing", status: 404, want: []string{"NoSuchKey", "<Key>nothing<"}, regionHeader: "us-east-1"},
		{name: "another account's bucket", key: bobKey, signed: "us-east-1", path: "/alice-home/k", status: 403, want: []string{"AccessDenied"}, regionHeader: "us-east-1"},
		{name: "list of another account's bucket", key: bobKey, signed: "us-east-1", path: "/alice-home?list-type=2", status: 403, want: []string{"AccessDenied"}, regionHeader: "us-east-1"},
		{name: "location of another account's bucket", key: bobKey, signed: "us-east-1", path: "/alice-home?location", status: 403, want: []string{"AccessDenied"}, regionHeader: "us-east-1"},
		{name: "deletion of another account's bucket", key: bobKey, signed: "us-east-1", method: http.MethodDelete, path: "/alice-abroad", status: 301, want: []string{"PermanentRedirect"}, regionHeader: "eu-west-1"},
		{name: "anonymous", path: "/alice-home/k", status: 403, want: []string{"AccessDenied"}, regionHeader: "us-east-1"},
		{name: "anonymous HEAD", method: http.MethodHead, path: "/alice-abroad", status: 403, regionHeader: "eu-west-1"},
		{name: "anonymous, missing bucket", path: "/alice-nowhere/", status: 403, want: []string{"AccessDenied"}},
		{name: "signature version 2", path: "/alice-home/k", status: 400, want: []string{"InvalidRequest", "Please use AWS4-HMAC-SHA256"}, regionHeader: "us-east-1", headerOverride: func(r *http.Request) { r.Header.Set("Authorization", "AWS AKIAALICE:abc=") }},
		{name: "session token", key: aliceKey, signed: "us-east-1", path: "/alice-home/k", status: 400, want: []string{"InvalidToken"}, regionHeader: "us-east-1", headerOverride: func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "t") }},
		{name: "body that is not the signed one", key: aliceKey, signed: "us-east-1", method: http.MethodPut, path: "/alice-home/k", body: "other", status: 400, want: []string{"XAmzContentSHA256Mismatch"}, regionHeader: "us-east-1", headerOverride: func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", hash([]byte("text"))) }},
		{name: "checksum that is wrong", key: aliceKey, signed: "us-east-1", method: http.MethodPut, path: "/alice-home/k", body: "other", status: 400, want: []string{"BadDigest"}, regionHeader: "us-east-1", headerOverride: func(r *http.Request) { r.Header.Set("X-Amz-Checksum-Crc32", "AAAAAA==") }},
		{name: "Content-MD5 that is wrong", key: aliceKey, signed: "us-east-1", method: http.MethodPut, path: "/alice-home/k", body: "other", status: 400, want: []string{"BadDigest"}, regionHeader: "us-east-1", headerOverride: func(r *http.Request) { r.Header.Set("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==") }},
		{name: "own bucket again in us-east-1", key: aliceKey, signed: "us-east-1", method: http.MethodPut, path: "/alice-home", status: 200, regionHeader: "us-east-1"},
		{name: "own bucket again elsewhere", key: aliceKey, signed: "eu-west-1", method: http.MethodPut, path: "/alice-abroad", body: location("eu-west-1"), status: 409, want: []string{"BucketAlreadyOwnedByYou"}, regionHeader: "eu-west-1"},
		{name: "taken name", key: bobKey, signed: "us-east-1", method: http.MethodPut, path: "/alice-home", status: 409, want: []string{"BucketAlreadyExists"}, regionHeader: "us-east-1"},
		{name: "taken name in another region", key: bobKey, signed: "eu-west-1", method: http.MethodPut, path: "/alice-home", body: location("eu-west-1"), status: 409, want: []string{"BucketAlreadyExists"}, regionHeader: "us-east-1"},
		{name: "no constraint abroad", key: aliceKey, signed: "eu-west-1", method: http.MethodPut, path: "/fresh", status: 400, want: []string{"IllegalLocationConstraintException", "The unspecified location constraint"}},
		{name: "constraint of another endpoint", key: aliceKey, signed: "eu-west-1", method: http.MethodPut, path: "/fresh", body: location("us-east-1"), status: 400, want: []string{"IllegalLocationConstraintException"}},
		{name: "constraint that is no region", key: aliceKey, signed: "us-east-1", method: http.MethodPut, path: "/fresh", body: location("mars-1"), status: 400, want: []string{"InvalidLocationConstraint"}},
		{name: "bad bucket name", key: aliceKey, signed: "us-east-1", method: http.MethodPut, path: "/Bad_Name", status: 400, want: []string{"InvalidBucketName"}},
		{name: "wrong method", key: aliceKey, signed: "us-east-1", method: http.MethodPost, path: "/alice-home/k", status: 405, want: []string{"MethodNotAllowed"}, regionHeader: "us-east-1"},
		{name: "customer's encryption key", key: aliceKey, signed: "us-east-1", method: http.MethodPut, path: "/alice-home/k", body: "x", status: 400, want: []string{"InvalidArgument", "must provide an appropriate secret key"}, regionHeader: "us-east-1", headerOverride: func(r *http.Request) { r.Header.Set("X-Amz-Server-Side-Encryption-Customer-Algorithm", "AES256") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.method == "" {
				test.method = http.MethodGet
			}
			if test.headerOverride == nil {
				test.headerOverride = func(*http.Request) {}
			}
			response := c.send(t, test.key, test.signed, test.method, test.path, test.body, test.headerOverride)
			checkAnswer(t, response, test.status, test.want, test.regionHeader)
		})
	}
	if got := text(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home/k", "")); got != "text" {
		t.Errorf("the object is %q after the refusals", got)
	}
}

// TestSubresourcesDoNotFallThrough asks for sub-resources with every method; the object must not notice.
func TestSubresourcesDoNotFallThrough(t *testing.T) {
	c := start(t, twoAccounts())
	c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "text")
	served := []string{"tagging", "acl", "retention", "legal-hold", "attributes", "encryption", "object-lock", "versions", "versioning", "partNumber=1", "policy", "policyStatus", "cors", "restore", "lifecycle", "publicAccessBlock", "ownershipControls", "intelligent-tiering", "logging", "accelerate", "requestPayment", "notification"}
	for _, sub := range []string{
		"tagging", "acl", "retention", "legal-hold", "torrent", "restore", "select&select-type=2", "attributes", "policy", "lifecycle", "cors",
		"encryption", "object-lock", "publicAccessBlock", "ownershipControls", "replication", "website", "logging", "notification", "versions",
		"versioning", "accelerate", "requestPayment", "inventory", "analytics&id=1", "metrics", "intelligent-tiering", "policyStatus", "partNumber=1",
		"abac", "metadataConfiguration", "metadataTable", "metadataInventoryTable", "metadataJournalTable", "renameObject", "session",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
			for _, path := range []string{"/alice-home/k?", "/alice-home?"} {
				response := c.send(t, aliceKey, "us-east-1", method, path+sub, "<x/>")
				if slices.Contains(served, sub) {
					continue
				}
				if body := text(t, response); response.StatusCode != http.StatusNotImplemented && response.StatusCode != http.StatusNotFound || !strings.Contains(body, "<RequestId>") {
					t.Errorf("%s %s%s: %d %s", method, path, sub, response.StatusCode, body)
				}
			}
		}
	}
	checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodDelete, "/alice-home/k?uploadId=", ""), http.StatusNotFound, "NoSuchUpload")
	if got := text(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home/k?x-id=GetObject", "")); got != "text" {
		t.Errorf("the object is %q", got)
	}
	answer := text(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home?policy", ""))
	if !strings.Contains(answer, "<Code>NoSuchBucketPolicy</Code>") {
		t.Errorf("GET ?policy: %s", answer)
	}
}

// TestUnknownParameters sends what S3 ignores: clients add parameters of their own, and aws-sdk-js v2 puts Content-Type into URLs that
// it signs.
func TestUnknownParameters(t *testing.T) {
	c := start(t, twoAccounts())
	for _, test := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{http.MethodGet, "/?", "", 200, "<Name>alice-home</Name>"},
		{http.MethodPut, "/fresh?", "", 200, ""},
		{http.MethodPut, "/fresh/k?", "content", 200, ""},
		{http.MethodGet, "/fresh/k?", "", 200, "content"},
		{http.MethodGet, "/fresh?", "", 200, "<Key>k</Key>"},
		{http.MethodGet, "/fresh?list-type=2&", "", 200, "<KeyCount>1</KeyCount>"},
		{http.MethodGet, "/fresh/k?tagging&", "", 200, "<TagSet>"},
		{http.MethodGet, "/fresh?location&", "", 200, "<LocationConstraint"},
		{http.MethodPost, "/fresh/k?uploads&", "", 200, "<UploadId>"},
		{http.MethodGet, "/fresh?lifecycle&", "", 404, "NoSuchLifecycleConfiguration"},
		{http.MethodGet, "/fresh?inventory&", "", 501, "NotImplemented"},
		{http.MethodPut, "/fresh/k?versionId=v&", "other", 501, "NotImplemented"},
		{http.MethodPost, "/fresh/k?", "", 405, "MethodNotAllowed"},
		{http.MethodGet, "/fresh/k?", "", 200, "content"},
		{http.MethodDelete, "/fresh/k?", "", 204, ""},
		{http.MethodDelete, "/fresh?", "", 204, ""},
	} {
		response := c.send(t, aliceKey, "us-east-1", test.method, test.path+"unheard-of=x&Content-Type=text%2Fplain&Tagging", test.body)
		if got := text(t, response); response.StatusCode != test.status || !strings.Contains(got, test.answer) {
			t.Errorf("%s %s: %d %s, want %d %s", test.method, test.path, response.StatusCode, got, test.status, test.answer)
		}
	}
}

func TestPresignedWithParameters(t *testing.T) {
	c := start(t, twoAccounts())
	presigned, err := c.minio(t, aliceKey, "us-east-1").Presign(t.Context(), http.MethodPut, "alice-home", "k", time.Hour, url.Values{"Content-Type": {"text/plain"}, "from": {"a page"}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, presigned.String(), strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	checkStatus(t, response, http.StatusOK, "")
}
