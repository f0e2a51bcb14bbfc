package s3_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/accounts"
	"github.com/velero-locations/velero-locations/simulator/faults"
)

func TestTags(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	key := aws.String("k")
	put := func(tagging string) string {
		t.Helper()
		_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: key, Body: strings.NewReader("x"), Tagging: &tagging})
		return errorCode(err)
	}
	tags := func(key string) string {
		t.Helper()
		out, err := client.GetObjectTagging(t.Context(), &awss3.GetObjectTaggingInput{Bucket: home, Key: &key})
		if err != nil {
			return errorCode(err)
		}
		var text []string
		for _, tag := range out.TagSet {
			text = append(text, *tag.Key+"="+*tag.Value)
		}
		return strings.Join(text, ",")
	}
	for _, test := range []struct{ header, code, tags string }{
		{"", "", ""},
		{"b=2&a=1%20x", "", "a=1 x,b=2"},
		{"a=1&a=2", "InvalidTag", "a=1 x,b=2"},
		{"aws:x=1", "InvalidTag", "a=1 x,b=2"},
		{strings.Repeat("k", 129) + "=1", "InvalidTag", "a=1 x,b=2"},
		{"a&b&c&d&e&f&g&h&i&j&k", "BadRequest", "a=1 x,b=2"},
	} {
		if code := put(test.header); code != test.code || tags("k") != test.tags {
			t.Errorf("%q: %q, tags %q", test.header, code, tags("k"))
		}
	}
	head, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: key})
	if err != nil || aws.ToInt32(head.TagCount) != 2 {
		t.Errorf("x-amz-tagging-count %v, %v", aws.ToInt32(head.TagCount), err)
	}
	copied, replaced := aws.String("copied"), aws.String("replaced")
	source := aws.String("alice-home/k")
	if _, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: home, Key: copied, CopySource: source}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{
		Bucket: home, Key: replaced, CopySource: source, TaggingDirective: types.TaggingDirectiveReplace, Tagging: aws.String("c=3"),
	}); err != nil {
		t.Fatal(err)
	}
	if tags("copied") != "a=1 x,b=2" || tags("replaced") != "c=3" {
		t.Errorf("tags of copies: %q and %q", tags("copied"), tags("replaced"))
	}
	if _, err := client.DeleteObjectTagging(t.Context(), &awss3.DeleteObjectTaggingInput{Bucket: home, Key: key}); err != nil || tags("k") != "" || getText(t, client, "k", "") != "x" {
		t.Errorf("removing tags: %v, then %q", err, tags("k"))
	}
	if _, err := client.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: home}); errorCode(err) != "NoSuchTagSet" {
		t.Errorf("tags of a bucket without any: %v", err)
	}
	if _, err := client.PutBucketTagging(t.Context(), &awss3.PutBucketTaggingInput{Bucket: home, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("x"), Value: aws.String("y")}}}}); err != nil {
		t.Fatal(err)
	}
	if out, err := client.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: home}); err != nil || len(out.TagSet) != 1 || *out.TagSet[0].Value != "y" {
		t.Errorf("tags of the bucket: %+v, %v", out, err)
	}
}

// customer is a key of 32 equal bytes, as the headers of SSE-C have it.
type customer struct{ algorithm, key, sum *string }

func customerKey(b byte) customer {
	key := bytes.Repeat([]byte{b}, 32)
	sum := md5.Sum(key)
	return customer{aws.String("AES256"), aws.String(base64.StdEncoding.EncodeToString(key)), aws.String(base64.StdEncoding.EncodeToString(sum[:]))}
}

func TestCustomerKeys(t *testing.T) {
	c := startTLS(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1")
	right, wrong, none := customerKey(1), customerKey(2), customer{}
	put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: home, Key: aws.String("secret"), Body: strings.NewReader("x"),
		SSECustomerAlgorithm: right.algorithm, SSECustomerKey: right.key, SSECustomerKeyMD5: right.sum,
	})
	if err != nil || aws.ToString(put.SSECustomerKeyMD5) != *right.sum {
		t.Fatalf("%+v, %v", put, err)
	}
	putText(t, client, "open", "x")
	lying := right
	lying.sum = wrong.sum
	for _, test := range []struct {
		object string
		key    customer
		code   string
	}{
		{"secret", right, ""},
		{"secret", none, "InvalidRequest"},
		{"secret", wrong, "AccessDenied"},
		{"secret", lying, "InvalidArgument"},
		{"open", none, ""},
		{"open", right, "InvalidRequest"},
	} {
		_, err := client.GetObject(t.Context(), &awss3.GetObjectInput{
			Bucket: home, Key: &test.object, SSECustomerAlgorithm: test.key.algorithm, SSECustomerKey: test.key.key, SSECustomerKeyMD5: test.key.sum,
		})
		if errorCode(err) != test.code {
			t.Errorf("%s: %v, expected %q", test.object, err, test.code)
		}
		_, err = client.CopyObject(t.Context(), &awss3.CopyObjectInput{
			Bucket: home, Key: aws.String("copy"), CopySource: aws.String("alice-home/" + test.object),
			CopySourceSSECustomerAlgorithm: test.key.algorithm, CopySourceSSECustomerKey: test.key.key, CopySourceSSECustomerKeyMD5: test.key.sum,
		})
		if errorCode(err) != test.code {
			t.Errorf("copying %s: %v, expected %q", test.object, err, test.code)
		}
	}
	if got := getText(t, client, "copy", ""); got != "x" {
		t.Errorf("the copy is not open: %q", got)
	}
	upload, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{
		Bucket: home, Key: aws.String("parts"), SSECustomerAlgorithm: right.algorithm, SSECustomerKey: right.key, SSECustomerKeyMD5: right.sum,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: home, Key: aws.String("parts"), UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	if errorCode(err) != "InvalidRequest" {
		t.Errorf("a part without the upload's key: %v", err)
	}
}

func TestBucketEncryption(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	if _, err := client.GetBucketEncryption(t.Context(), &awss3.GetBucketEncryptionInput{Bucket: home}); errorCode(err) != "ServerSideEncryptionConfigurationNotFoundError" {
		t.Errorf("before: %v", err)
	}
	_, err := client.PutBucketEncryption(t.Context(), &awss3.PutBucketEncryptionInput{Bucket: home, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{BucketKeyEnabled: aws.Bool(true), ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
			SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String("key-1"),
		}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for key, test := range map[string]struct {
		asked, want types.ServerSideEncryption
		id          string
	}{"default": {"", types.ServerSideEncryptionAwsKms, "key-1"}, "own": {types.ServerSideEncryptionAes256, types.ServerSideEncryptionAes256, ""}} {
		put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: &key, Body: strings.NewReader("x"), ServerSideEncryption: test.asked})
		if err != nil || put.ServerSideEncryption != test.want {
			t.Errorf("%s: PUT answers %v, %v", key, put, err)
		}
		head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: home, Key: &key})
		if err != nil || head.ServerSideEncryption != test.want || aws.ToString(head.SSEKMSKeyId) != test.id {
			t.Errorf("%s: HEAD answers %v, %v", key, head, err)
		}
	}
}

func TestAttributesAndParts(t *testing.T) {
	client := startTLS(t, twoAccounts()).aws(aliceKey, "us-east-1")
	key, data := aws.String("parts"), content(11<<20)
	for _, kind := range []types.ChecksumType{types.ChecksumTypeComposite, types.ChecksumTypeFullObject} {
		upload, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{
			Bucket: home, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32, ChecksumType: kind,
		})
		if err != nil {
			t.Fatal(err)
		}
		var parts []types.CompletedPart
		for i := range 3 {
			part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{
				Bucket: home, Key: key, UploadId: upload.UploadId, PartNumber: aws.Int32(int32(2*i + 1)), // numbers may leave gaps
				Body: bytes.NewReader(data[i*5<<20 : min((i+1)*5<<20, len(data))]), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			})
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, types.CompletedPart{ETag: part.ETag, PartNumber: aws.Int32(int32(2*i + 1)), ChecksumCRC32: part.ChecksumCRC32})
		}
		complete := &awss3.CompleteMultipartUploadInput{Bucket: home, Key: key, UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}
		complete.ChecksumCRC32 = aws.String("AAAAAA==")
		if kind == types.ChecksumTypeComposite {
			complete.ChecksumCRC32 = aws.String("AAAAAA==-3")
		}
		if _, err := client.CompleteMultipartUpload(t.Context(), complete); errorCode(err) != "BadDigest" {
			t.Errorf("%s: completing with a wrong checksum: %v", kind, err)
		}
		complete.ChecksumCRC32 = nil
		done, err := client.CompleteMultipartUpload(t.Context(), complete)
		if err != nil || done.ChecksumType != kind || strings.HasSuffix(aws.ToString(done.ChecksumCRC32), "-3") != (kind == types.ChecksumTypeComposite) {
			t.Errorf("%s: completed with %v %v, %v", kind, aws.ToString(done.ChecksumCRC32), done.ChecksumType, err)
		}
		about, err := client.GetObjectAttributes(t.Context(), &awss3.GetObjectAttributesInput{
			Bucket: home, Key: key, MaxParts: aws.Int32(2), ObjectAttributes: []types.ObjectAttributes{"ETag", "Checksum", "ObjectParts", "ObjectSize", "StorageClass"},
		})
		if err != nil || *about.ObjectSize != int64(len(data)) || len(about.ObjectParts.Parts) != 2 || *about.ObjectParts.TotalPartsCount != 3 || !*about.ObjectParts.IsTruncated || `"`+*about.ETag+`"` != *done.ETag {
			t.Errorf("%s: GetObjectAttributes = %+v, %v", kind, about, err)
		}
		second, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: key, PartNumber: aws.Int32(2)})
		if err != nil || *second.ContentLength != 5<<20 || *second.PartsCount != 3 || *second.ContentRange != fmt.Sprintf("bytes %d-%d/%d", 5<<20, 10<<20-1, len(data)) {
			t.Errorf("%s: part 2 = %+v, %v", kind, second, err)
		}
		if _, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: home, Key: key, PartNumber: aws.Int32(4)}); err == nil {
			t.Errorf("%s: there is a part 4", kind)
		}
	}
}

// TestMetadataNames: S3 sends the names of metadata in lower case, and boto takes them as they come.
func TestMetadataNames(t *testing.T) {
	c := start(t, twoAccounts())
	c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "", func(r *http.Request) { r.Header.Set("X-Amz-Meta-Team-Name", "a") })
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r := httptest.NewRequest(method, c.URL+"/alice-home/k", http.NoBody)
		r.Header.Set("X-Amz-Content-Sha256", hash(nil))
		recorder := httptest.NewRecorder() // over a connection, Go's client would spell names its own way
		c.Handler().ServeHTTP(recorder, signer.SignV4(*r, aliceKey.ID, aliceKey.Secret, "", "us-east-1"))
		if got := map[string][]string(recorder.Header())["x-amz-meta-team-name"]; !slices.Equal(got, []string{"a"}) {
			t.Errorf("%s answers %v", method, recorder.Header())
		}
	}
}

func TestACL(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1")
	putText(t, client, "k", "x")
	acl, err := client.GetObjectAcl(t.Context(), &awss3.GetObjectAclInput{Bucket: home, Key: aws.String("k")})
	if err != nil || len(acl.Grants) != 1 || acl.Grants[0].Permission != types.PermissionFullControl || *acl.Grants[0].Grantee.ID != *acl.Owner.ID {
		t.Errorf("ACL = %+v, %v", acl, err)
	}
	for canned, code := range map[types.ObjectCannedACL]string{"private": "", "bucket-owner-full-control": "", "public-read": "AccessControlListNotSupported"} {
		if _, err := client.PutObjectAcl(t.Context(), &awss3.PutObjectAclInput{Bucket: home, Key: aws.String("k"), ACL: canned}); errorCode(err) != code {
			t.Errorf("%s: %v", canned, err)
		}
	}
}

// TestForm uploads as a browser does, by a policy that minio-go signs.
func TestForm(t *testing.T) {
	now := time.Now()
	c := start(t, twoAccounts(), simulator.WithClock(func() time.Time { return now }))
	policy := minio.NewPostPolicy()
	for _, err := range []error{
		policy.SetBucket("alice-home"), policy.SetKeyStartsWith("uploads/"), policy.SetContentLengthRange(3, 20_000),
		policy.SetExpires(now.Add(time.Hour)), policy.SetUserMetadata("origin", "form"), policy.SetSuccessStatusAction("201"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, fields, err := c.minio(t, aliceKey, "us-east-1").PresignedPostPolicy(t.Context(), policy)
	if err != nil {
		t.Fatal(err)
	}
	post := func(text string, edit map[string]string) (int, string) {
		t.Helper()
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for name, value := range fields {
			if edited, found := edit[name]; found {
				value = edited
			}
			_ = form.WriteField(name, value)
		}
		for name, value := range edit {
			if _, found := fields[name]; !found {
				_ = form.WriteField(name, value)
			}
		}
		file, err := form.CreateFormFile("file", "note.txt")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write([]byte(text))
		_ = form.Close()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/alice-home/", &body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", form.FormDataContentType())
		response, err := c.Client().Do(request)
		if err != nil {
			return 0, err.Error()
		}
		return response.StatusCode, strings.ReplaceAll(xmlText(t, response), "\n", " ")
	}
	named := map[string]string{"key": "uploads/${filename}"}
	with := func(name, value string) map[string]string { return map[string]string{"key": named["key"], name: value} }
	for _, test := range []struct {
		name, text string
		edit       map[string]string
		status     int
		want       string
	}{
		{"good", "hello", named, 201, "<Key>uploads/note.txt</Key>"},
		{"key outside", "hello", map[string]string{"key": "other/x"}, 403, "Policy Condition failed"},
		{"field that no condition names", "hello", with("x-amz-meta-more", "1"), 403, "Extra input fields: x-amz-meta-more"},
		{"too long", strings.Repeat("x", 30_000), named, 400, "EntityTooLarge"},
		{"too short", "x", named, 400, "EntityTooSmall"},
		{"other policy", "hello", with("policy", base64.StdEncoding.EncodeToString([]byte(`{"expiration":"2099-01-01T00:00:00Z","conditions":[]}`))), 403, "SignatureDoesNotMatch"},
		{"unknown key", "hello", with("x-amz-credential", strings.Replace(fields["x-amz-credential"], "AKIAALICE", "AKIANOBODY", 1)), 403, "InvalidAccessKeyId"},
		{"no policy", "hello", with("policy", ""), 403, "AccessDenied"},
	} {
		if status, body := post(test.text, test.edit); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s", test.name, status, body)
		}
	}
	c.harm(t, faults.Rule{Times: 1, Match: faults.Match{Operations: []string{"s3:PostObject"}}, Fault: faults.Reset{At: faults.Upload, After: 1000}})
	if status, body := post(strings.Repeat("x", 15_000), named); status != 0 {
		t.Errorf("reset: %d %s", status, body)
	}
	if got := getText(t, c.aws(aliceKey, "us-east-1"), "uploads/note.txt", ""); got != "hello" {
		t.Errorf("the object is %q", got)
	}
	now = now.Add(2 * time.Hour)
	if status, body := post("hello", named); status != 403 || !strings.Contains(body, "Policy expired") {
		t.Errorf("expired: %d %s", status, body)
	}
}

func xmlText(t *testing.T, response *http.Response) string {
	t.Helper()
	body := text(t, response)
	if body != "" && xml.Unmarshal([]byte(body), new(struct{ XMLName xml.Name })) != nil {
		t.Errorf("not XML: %s", body)
	}
	return body
}

func TestSessionsAndDisabledKeys(t *testing.T) {
	now := time.Now()
	c := start(t, twoAccounts(), simulator.WithClock(func() time.Time { return now }))
	if err := c.Accounts().Add(alice, accounts.Key{
		ID: "ASIASESSION", Secret: "temporary", SessionToken: "token", Expires: now.Add(time.Minute), Active: true,
	}); err != nil {
		t.Fatal(err)
	}
	list := func(id, secret, token string) string {
		t.Helper()
		client := c.aws(simulator.AccessKeyConfig{}, "us-east-1", func(o *awss3.Options) { o.Credentials = credentials.NewStaticCredentialsProvider(id, secret, token) })
		_, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: home})
		return errorCode(err)
	}
	for _, test := range []struct{ id, secret, token, code string }{
		{"ASIASESSION", "temporary", "token", ""},
		{"ASIASESSION", "temporary", "other", "InvalidToken"},
		{"ASIASESSION", "temporary", "", "InvalidAccessKeyId"},
		{"ASIASESSION", "guessed", "token", "SignatureDoesNotMatch"},
		{aliceKey.ID, aliceKey.Secret, "token", "InvalidToken"},
	} {
		if code := list(test.id, test.secret, test.token); code != test.code {
			t.Errorf("%+v: %q", test, code)
		}
	}
	now = now.Add(time.Minute)
	if code := list("ASIASESSION", "temporary", "token"); code != "ExpiredToken" {
		t.Errorf("after its end: %q", code)
	}
	for _, active := range []bool{false, true} {
		if err := c.Accounts().SetActive(aliceKey.ID, active); err != nil {
			t.Fatal(err)
		}
		if code := list(aliceKey.ID, aliceKey.Secret, ""); (code == "") != active || !active && code != "InvalidAccessKeyId" {
			t.Errorf("active %v: %q", active, code)
		}
	}
}

// TestHosts addresses buckets by host, at localhost and at a domain of the configuration.
func TestHosts(t *testing.T) {
	config := twoAccounts()
	config.S3.Domains = []string{"s3.example.org", "example.org"}
	c := start(t, config)
	c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/dir/k", "text")
	for host, path := range map[string]string{
		"alice-home.localhost:9000": "/dir/k", "alice-home.s3.example.org": "/dir/k", "localhost": "/alice-home/dir/k",
		"s3.example.org:9000": "/alice-home/dir/k", "s3.localhost": "/alice-home/dir/k", "127.0.0.1": "/alice-home/dir/k",
	} {
		response := c.send(t, aliceKey, "us-east-1", http.MethodGet, path, "", func(r *http.Request) { r.Host = host })
		if got := text(t, response); got != "text" {
			t.Errorf("%s%s: %s", host, path, got)
		}
	}
	response := c.send(t, aliceKey, "us-east-1", http.MethodGet, "/?list-type=2", "", func(r *http.Request) { r.Host = "alice-home.localhost" })
	if got := text(t, response); !strings.Contains(got, "<Key>dir/k</Key>") {
		t.Errorf("listing by host: %s", got)
	}
}
