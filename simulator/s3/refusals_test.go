package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/signer"

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
		{name: "bucket of another region", key: aliceKey, signed: "us-east-1", path: "/alice-abroad/k", status: 301, want: []string{"PermanentRedirect", "<Endpoint>" + c.host() + "<", "<Bucket>alice-abroad<"}, regionHeader: "eu-west-1"},
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

func location(region string) string {
	return "<CreateBucketConfiguration><LocationConstraint>" + region + "</LocationConstraint></CreateBucketConfiguration>"
}

var errorShape = regexp.MustCompile(`^<\?xml version="1.0" encoding="UTF-8"\?>\n<Error><Code>\w+</Code><Message>[^<]+</Message>.*<RequestId>(\w+)</RequestId><HostId>[^<]+</HostId></Error>$`)

func checkAnswer(t *testing.T, response *http.Response, status int, want []string, region string) {
	t.Helper()
	body := text(t, response)
	if response.StatusCode != status {
		t.Errorf("status %d, expected %d: %s", response.StatusCode, status, body)
	}
	if got := response.Header.Get("X-Amz-Bucket-Region"); got != region {
		t.Errorf("x-amz-bucket-region is %q, expected %q", got, region)
	}
	for _, part := range want {
		if !strings.Contains(body, part) {
			t.Errorf("the body lacks %q: %s", part, body)
		}
	}
	for _, key := range []simulator.AccessKeyConfig{aliceKey, bobKey} {
		if strings.Contains(body, key.Secret) {
			t.Errorf("the body tells a secret: %s", body)
		}
	}
	if status < 300 {
		return
	}
	if response.Request.Method == http.MethodHead {
		if body != "" {
			t.Errorf("HEAD has a body: %s", body)
		}
		return
	}
	parts := errorShape.FindStringSubmatch(body)
	if parts == nil || parts[1] != response.Header.Get("X-Amz-Request-Id") || response.Header.Get("Content-Type") != "application/xml" {
		t.Errorf("not S3's error: %s %v", body, response.Header)
	}
}

// TestRegionsSeenByClients shows what clients make of the answers: they find the region and go on.
func TestRegionsSeenByClients(t *testing.T) {
	c := start(t, twoAccounts())
	if exists, err := c.minio(t, aliceKey, "").BucketExists(t.Context(), "alice-abroad"); err != nil || !exists {
		t.Errorf("minio-go without a region: %v, %v", exists, err)
	}
	head, err := c.aws(aliceKey, "eu-west-1").HeadBucket(t.Context(), &awss3.HeadBucketInput{Bucket: aws.String("alice-abroad")})
	if err != nil || aws.ToString(head.BucketRegion) != "eu-west-1" {
		t.Errorf("HeadBucket = %+v, %v", head, err)
	}
	if _, err = c.aws(aliceKey, "us-east-1").ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("alice-abroad")}); errorCode(err) != "PermanentRedirect" {
		t.Errorf("listing from another region: %v", err)
	}
	if err := c.minio(t, aliceKey, "us-east-1").MakeBucket(t.Context(), "made-from-us", minio.MakeBucketOptions{Region: "eu-west-1"}); err != nil {
		t.Logf("minio-go signs for the bucket's region: %v", err)
	}
	if _, err := c.minio(t, simulator.AccessKeyConfig{ID: aliceKey.ID, Secret: "no"}, "us-east-1").PutObject(t.Context(), "alice-home", "k", strings.NewReader("x"), 1, minio.PutObjectOptions{}); errorCode(err) != "SignatureDoesNotMatch" {
		t.Errorf("minio-go with a wrong secret: %v", err)
	}
}

func TestClockSkew(t *testing.T) {
	for _, test := range []struct {
		offset time.Duration
		status int
	}{
		{14 * time.Minute, 200}, {-14 * time.Minute, 200}, {16 * time.Minute, 403}, {-16 * time.Minute, 403},
	} {
		c := start(t, twoAccounts(), simulator.WithClock(func() time.Time { return time.Now().Add(test.offset) }))
		response := c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home?list-type=2", "")
		if body := text(t, response); response.StatusCode != test.status || test.status == 403 &&
			(!strings.Contains(body, "<Code>RequestTimeTooSkewed<") || !strings.Contains(body, "<MaxAllowedSkewMilliseconds>900000<")) {
			t.Errorf("%v: %d %s", test.offset, response.StatusCode, body)
		}
	}
}

func TestBucketNamesByScope(t *testing.T) {
	config := twoAccounts()
	config.Accounts[0].Buckets = []simulator.BucketConfig{{Name: "velero", Region: "us-east-1"}}
	config.Accounts[1].Buckets = []simulator.BucketConfig{{Name: "velero", Region: "eu-west-1"}}
	if _, err := simulator.New(config); err == nil || !strings.Contains(err.Error(), `accounts[1].buckets[0].name: "velero" is at accounts[0].buckets[0].name already`) {
		t.Errorf("global names: %v", err)
	}
	config.BucketNames = simulator.RegionalBucketNames
	c := start(t, config)
	for _, owner := range []struct {
		key            simulator.AccessKeyConfig
		region, abroad string
	}{{aliceKey, "us-east-1", "eu-west-1"}, {bobKey, "eu-west-1", "us-east-1"}} {
		put := c.send(t, owner.key, owner.region, http.MethodPut, "/velero/k", owner.key.ID)
		checkAnswer(t, put, 200, nil, owner.region)
		checkAnswer(t, c.send(t, owner.key, owner.abroad, http.MethodGet, "/velero/k", ""), 403, []string{"AccessDenied"}, owner.abroad)
		checkAnswer(t, c.send(t, owner.key, owner.abroad, http.MethodGet, "/velero?location", ""), 200, nil, owner.region)
	}
	for region, key := range map[string]simulator.AccessKeyConfig{"us-east-1": aliceKey, "eu-west-1": bobKey} {
		if got := text(t, c.send(t, key, region, http.MethodGet, "/velero/k", "")); got != key.ID {
			t.Errorf("in %s the object holds %q", region, got)
		}
	}
}

// TestSubresourcesDoNotFallThrough asks for sub-resources with every method; the object must not notice.
func TestSubresourcesDoNotFallThrough(t *testing.T) {
	c := start(t, twoAccounts())
	c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "text")
	served := []string{"tagging", "acl", "retention", "legal-hold", "attributes", "encryption", "object-lock", "versions", "versioning", "partNumber=1", "policy", "policyStatus", "cors"}
	for _, sub := range []string{
		"tagging", "acl", "retention", "legal-hold", "torrent", "restore", "select&select-type=2", "attributes", "policy", "lifecycle", "cors",
		"encryption", "object-lock", "publicAccessBlock", "ownershipControls", "replication", "website", "logging", "notification", "versions",
		"versioning", "accelerate", "requestPayment", "inventory", "analytics&id=1", "metrics", "intelligent-tiering", "policyStatus", "unheard-of", "partNumber=1",
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

// tamper changes a request's body on its way to the server.
type tamper struct {
	inner http.RoundTripper
	edit  func([]byte) []byte
}

func (t tamper) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Method != http.MethodPut {
		return t.inner.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	body = t.edit(body)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return t.inner.RoundTrip(r)
}

func TestTamperedChunks(t *testing.T) {
	flip := func(needle string, offset int) func([]byte) []byte {
		return func(body []byte) []byte {
			out := bytes.Clone(body)
			out[bytes.LastIndex(out, []byte(needle))+offset] ^= 1
			return out
		}
	}
	for _, test := range []struct {
		name     string
		trailer  bool
		edit     func([]byte) []byte
		refusals string
	}{
		{"data of the first chunk", false, func(b []byte) []byte { b[1000] ^= 1; return b }, "SignatureDoesNotMatch"},
		{"data of the last chunk", false, func(b []byte) []byte { b[len(b)-200] ^= 1; return b }, "SignatureDoesNotMatch"},
		{"signature of the end", false, flip("chunk-signature=", 20), "SignatureDoesNotMatch"},
		{"end cut off", false, func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte("0;chunk-"))] }, "IncompleteBody"},
		{"bytes after the end", false, func(b []byte) []byte { return append(b, "more"...) }, "InvalidChunkSizeError"},
		{"trailer's signature", true, flip("x-amz-trailer-signature:", 30), "SignatureDoesNotMatch"},
		{"trailer's checksum", true, flip("x-amz-checksum-crc32c:", 23), "SignatureDoesNotMatch"},
		{"trailer cut off", true, func(b []byte) []byte { return b[:bytes.LastIndex(b, []byte("x-amz-checksum"))] }, "SignatureDoesNotMatch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, twoAccounts())
			client := c.minio(t, aliceKey, "us-east-1", func(o *minio.Options) {
				o.Transport = tamper{o.Transport, test.edit}
				o.TrailingHeaders = test.trailer
			})
			options := minio.PutObjectOptions{DisableMultipart: true}
			if test.trailer {
				options.Checksum = minio.ChecksumCRC32C
			}
			data := content(200_000)
			_, err := client.PutObject(t.Context(), "alice-home", "k", newStream(data), int64(len(data)), options)
			if errorCode(err) != test.refusals {
				t.Errorf("tampered upload: %v, expected %s", err, test.refusals)
			}
			if _, err := client.StatObject(t.Context(), "alice-home", "k", minio.StatObjectOptions{}); errorCode(err) != "NoSuchKey" {
				t.Errorf("it was stored: %v", err)
			}
		})
	}
}

func TestTamperedTrailer(t *testing.T) {
	c := startTLS(t, twoAccounts())
	inner := c.Client().Transport
	c.Client().Transport = tamper{inner, func(b []byte) []byte { b[20] ^= 1; return b }}
	_, err := c.aws(aliceKey, "us-east-1").PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: aws.String("alice-home"), Key: aws.String("k"), Body: bytes.NewReader(content(1000)),
	})
	if errorCode(err) != "BadDigest" {
		t.Errorf("tampered upload: %v", err)
	}
}

// TestLyingContentLength announces far more than it sends; that must cost neither memory nor an object.
func TestLyingContentLength(t *testing.T) {
	c := start(t, twoAccounts())
	for size, want := range map[string]string{"1073741824": "IncompleteBody", "9000000000000000000": "EntityTooLarge"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, c.URL+"/alice-home/lie", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
		r = signer.SignV4(*r, aliceKey.ID, aliceKey.Secret, "", "us-east-1")
		var head bytes.Buffer
		fmt.Fprintf(&head, "PUT /alice-home/lie HTTP/1.1\r\nHost: %s\r\nContent-Length: %s\r\n", c.host(), size)
		if err := r.Header.Write(&head); err != nil {
			t.Fatal(err)
		}
		head.WriteString("\r\nshort")
		if answer := rawAnswer(t, c.host(), head.Bytes()); !strings.Contains(answer, want) {
			t.Errorf("%s bytes announced: %s", size, answer)
		}
	}
	if response := c.send(t, aliceKey, "us-east-1", http.MethodHead, "/alice-home/lie", ""); response.StatusCode != http.StatusNotFound {
		t.Errorf("the object is there: %d", response.StatusCode)
	}
}

// rawAnswer sends bytes, ends its side of the connection and returns all that comes back.
func rawAnswer(t *testing.T, host string, request []byte) string {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		t.Fatal("not a TCP connection")
	}
	if _, err := tcp.Write(request); err != nil {
		t.Fatal(err)
	}
	if err := tcp.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(tcp)
	if err != nil && !errors.Is(err, net.ErrClosed) && len(answer) == 0 {
		t.Fatal(err)
	}
	return string(answer)
}

func TestRotatedKey(t *testing.T) {
	c := start(t, twoAccounts())
	if err := c.Accounts().AddKey(alice, "AKIANEW", "new"); err != nil {
		t.Fatal(err)
	}
	c.Accounts().RemoveKey(aliceKey.ID)
	checkAnswer(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/", ""), 403, []string{"InvalidAccessKeyId"}, "")
	checkAnswer(t, c.send(t, simulator.AccessKeyConfig{ID: "AKIANEW", Secret: "new"}, "us-east-1", http.MethodGet, "/", ""), 200, []string{"<Name>alice-home<"}, "")
}
