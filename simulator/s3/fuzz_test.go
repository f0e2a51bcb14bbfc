package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/internal/pipeline"
	"github.com/velero-locations/velero-locations/simulator/journal"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// fuzzServer is a server with one bucket that holds one object, and a function that sends it signed requests.
func fuzzServer(f *testing.F) func(t *testing.T, method, target string, body []byte) *httptest.ResponseRecorder {
	f.Helper()
	storage, err := store.Open(store.Options{Memory: 64 << 20})
	if err != nil {
		f.Fatal(err)
	}
	directory := accounts.NewDirectory()
	if err := directory.AddAccount(accounts.Account{ID: "111111111111"}); err != nil {
		f.Fatal(err)
	}
	if err := directory.AddKey("111111111111", "AKIA", "secret"); err != nil {
		f.Fatal(err)
	}
	bucket, err := storage.CreateBucket("bucket", "us-east-1", "111111111111", store.Settings{ObjectLock: true, Versioning: store.VersioningEnabled})
	if err != nil {
		f.Fatal(err)
	}
	if _, err := bucket.Put("k", store.Write{Body: strings.NewReader("text"), Size: 4}); err != nil {
		f.Fatal(err)
	}
	shared := &pipeline.Pipeline{Accounts: directory, Now: time.Now, Faults: faults.NewSet(0), Journal: journal.New(1)}
	server := NewServer(Options{Pipeline: shared, Store: storage, Regions: []string{"us-east-1"}})
	return func(t *testing.T, method, target string, body []byte) *httptest.ResponseRecorder {
		t.Helper()
		// The path and the query go through a URL, since httptest refuses what is no request at all with a panic.
		r := httptest.NewRequestWithContext(t.Context(), method, "/", bytes.NewReader(body))
		path, query, _ := strings.Cut(target, "?")
		r.URL = &url.URL{Scheme: "http", Host: r.Host, Path: path, RawQuery: query}
		sum := sha256.Sum256(body)
		r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		signed := signer.SignV4(*r, "AKIA", "secret", "", "us-east-1")
		w := httptest.NewRecorder()
		server.ServeHTTP(w, signed)
		if w.Code == http.StatusInternalServerError {
			t.Errorf("%s %s %q: %s", method, target, body, w.Body)
		}
		return w
	}
}

// FuzzXML sends bodies to all operations that read a document: none may panic or fail inside.
func FuzzXML(f *testing.F) {
	targets := []string{
		"PUT /bucket?versioning", "PUT /bucket?tagging", "PUT /bucket?encryption", "PUT /bucket?object-lock", "PUT /bucket?acl", "POST /bucket?delete",
		"PUT /bucket", "PUT /bucket/k?tagging", "PUT /bucket/k?retention", "PUT /bucket/k?legal-hold", "PUT /bucket/k?acl", "POST /bucket/k?uploadId=none",
	}
	for i, document := range []string{
		"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
		"<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>",
		"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
		"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
		"<AccessControlPolicy><AccessControlList><Grant><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>",
		"<Delete><Object><Key>x</Key></Object></Delete>",
		"<CreateBucketConfiguration><LocationConstraint>EU</LocationConstraint></CreateBucketConfiguration>",
		"<Tagging>", "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>",
		"<LegalHold><Status>ON</Status></LegalHold>", "", "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
	} {
		f.Add(uint8(i), document)
	}
	send := fuzzServer(f)
	f.Fuzz(func(t *testing.T, target uint8, document string) {
		method, path, _ := strings.Cut(targets[int(target)%len(targets)], " ")
		send(t, method, path, []byte(document))
	})
}

// FuzzQuery sends paths and queries with every method: none may panic, fail inside or touch the object by mistake.
func FuzzQuery(f *testing.F) {
	for _, target := range []string{
		"/bucket?list-type=2&prefix=a&delimiter=/&max-keys=2&continuation-token=YQ", "/bucket?versions&key-marker=k&version-id-marker=null",
		"/bucket?uploads&key-marker=k&upload-id-marker=x", "/bucket/k?partNumber=1", "/bucket/k?versionId=null", "/bucket/k?uploadId=x&max-parts=1",
		"/bucket/k?response-content-type=a%0d%0ab", "/bucket?encoding-type=url&marker=%ff", "/?max-buckets=1", "/bucket/%00?tagging", "/bucket?%zz", "//", "/bucket//",
	} {
		f.Add(uint8(0), target)
	}
	methods := []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions}
	send := fuzzServer(f)
	f.Fuzz(func(t *testing.T, method uint8, target string) {
		if !strings.HasPrefix(target, "/") {
			target = "/" + target
		}
		send(t, methods[int(method)%len(methods)], target, nil)
		if w := send(t, http.MethodGet, "/bucket/k", nil); w.Body.String() != "text" {
			t.Fatalf("after %q the object is %d %q", target, w.Code, w.Body)
		}
	})
}

// FuzzForm reads forms and their policies.
func FuzzForm(f *testing.F) {
	f.Add("b", "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n", `["eq","$key","k"]`)
	f.Add("", "", `{"bucket":"b"}`)
	f.Add("b", "--b", `["content-length-range",1,"9"]`)
	f.Fuzz(func(_ *testing.T, boundary, body, condition string) {
		if read, err := readForm(multipart.NewReader(strings.NewReader(body), boundary)); err == nil {
			read.policy = formPolicy{Conditions: []json.RawMessage{[]byte(condition)}, Expiration: time.Unix(0, 0)}
			_, _, _ = read.check("bucket")
			_, _ = read.authorization()
		}
		_, _ = parseCondition([]byte(condition))
	})
}
