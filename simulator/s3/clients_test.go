package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator"
)

var sizes = map[string]int{"empty": 0, "100 B": 100, "6 MiB": 6 << 20, "20 MiB": 20 << 20}

// TestMinioObjects puts and gets objects as minio-go does: over HTTP in signed chunks, in parts from 16 MiB on, and with
// a trailer when it is asked for a checksum.
func TestMinioObjects(t *testing.T) {
	for name, c := range map[string]*cloud{"http": start(t, twoAccounts()), "https": startTLS(t, twoAccounts())} {
		client := c.minio(t, aliceKey, "us-east-1", func(o *minio.Options) { o.TrailingHeaders = true })
		for mode, options := range map[string]minio.PutObjectOptions{
			"plain":    {},
			"checksum": {Checksum: minio.ChecksumCRC32C},
			"crc64":    {Checksum: minio.ChecksumCRC64NVME},
			"md5":      {SendContentMd5: true},
			"unsigned": {DisableContentSha256: true},
		} {
			for label, size := range sizes {
				t.Run(name+"/"+mode+"/"+label, func(t *testing.T) {
					data := content(size)
					options.PartSize = 5 << 20
					options.UserMetadata = map[string]string{"Origin": mode}
					options.CacheControl = "no-cache"
					if _, err := client.PutObject(t.Context(), "alice-home", mode+label, newStream(data), int64(size), options); err != nil {
						t.Fatal(err)
					}
					checkMinioObject(t, client, mode+label, data, mode)
				})
			}
		}
	}
}

func checkMinioObject(t *testing.T, client *minio.Client, key string, data []byte, origin string) {
	t.Helper()
	object, err := client.GetObject(t.Context(), "alice-home", key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(object)
	if err != nil {
		t.Fatal(err)
	}
	if hash(got) != hash(data) {
		t.Errorf("got %d bytes that are not the %d that were put", len(got), len(data))
	}
	info, err := client.StatObject(t.Context(), "alice-home", key, minio.StatObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if info.Size != int64(len(data)) || info.UserMetadata["Origin"] != origin || info.Metadata.Get("Cache-Control") != "no-cache" {
		t.Errorf("stat = %+v", info)
	}
	for name := range info.Metadata {
		if strings.HasPrefix(name, "X-Amz-") && !strings.HasPrefix(name, "X-Amz-Meta-") &&
			!slices.Contains([]string{"X-Amz-Request-Id", "X-Amz-Id-2", "X-Amz-Bucket-Region"}, name) {
			t.Errorf("request header %s came back as metadata", name)
		}
	}
}

// TestMinioUnknownSize uploads a stream of unknown length, also an empty one, as restic and Velero's uploads may.
func TestMinioUnknownSize(t *testing.T) {
	client := start(t, twoAccounts()).minio(t, aliceKey, "us-east-1")
	for _, size := range []int{0, 17<<20 + 3} {
		data := content(size)
		if _, err := client.PutObject(t.Context(), "alice-home", "k", newStream(data), -1, minio.PutObjectOptions{PartSize: 5 << 20}); err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		object, err := client.GetObject(t.Context(), "alice-home", "k", minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(object); err != nil || hash(got) != hash(data) {
			t.Errorf("size %d: got %d bytes, %v", size, len(got), err)
		}
	}
}

// TestAWSObjects puts and gets objects as aws-sdk-go-v2 does: over HTTP with a signed hash, over HTTPS with an unsigned
// payload and a checksum in a trailer.
func TestAWSObjects(t *testing.T) {
	for name, c := range map[string]*cloud{"http": start(t, twoAccounts()), "https": startTLS(t, twoAccounts())} {
		client := c.aws(aliceKey, "us-east-1")
		for label, size := range sizes {
			t.Run(name+"/"+label, func(t *testing.T) {
				data := content(size)
				put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
					Bucket: aws.String("alice-home"), Key: aws.String("a/" + label), Body: bytes.NewReader(data),
					Metadata: map[string]string{"origin": name}, ContentType: aws.String("text/plain"),
				})
				if err != nil {
					t.Fatal(err)
				}
				if put.ChecksumCRC32 == nil {
					t.Error("the checksum was not confirmed")
				}
				got, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("alice-home"), Key: aws.String("a/" + label)})
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(got.Body)
				if err != nil {
					t.Fatal(err)
				}
				if hash(body) != hash(data) || aws.ToString(got.ContentType) != "text/plain" || got.Metadata["origin"] != name {
					t.Errorf("got %d bytes, type %v, metadata %v", len(body), aws.ToString(got.ContentType), got.Metadata)
				}
				if aws.ToString(got.ChecksumCRC32) != aws.ToString(put.ChecksumCRC32) {
					t.Error("the checksum did not come back")
				}
			})
		}
	}
}

func TestAWSMultipart(t *testing.T) {
	client := startTLS(t, twoAccounts()).aws(aliceKey, "us-east-1")
	bucket, key := aws.String("alice-home"), aws.String("parts")
	created, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: bucket, Key: key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	if err != nil {
		t.Fatal(err)
	}
	data := content(12 << 20)
	var parts []types.CompletedPart
	for i := range 3 {
		part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{
			Bucket: bucket, Key: key, UploadId: created.UploadId, PartNumber: aws.Int32(int32(i + 1)),
			Body: bytes.NewReader(data[i*5<<20 : min((i+1)*5<<20, len(data))]),
		})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{ETag: part.ETag, PartNumber: aws.Int32(int32(i + 1)), ChecksumCRC32: part.ChecksumCRC32})
	}
	listed, err := client.ListParts(t.Context(), &awss3.ListPartsInput{Bucket: bucket, Key: key, UploadId: created.UploadId, MaxParts: aws.Int32(2)})
	if err != nil || len(listed.Parts) != 2 || !aws.ToBool(listed.IsTruncated) {
		t.Errorf("ListParts = %+v, %v", listed, err)
	}
	complete := &awss3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: created.UploadId}
	for code, wrong := range map[string][]types.CompletedPart{
		"InvalidPartOrder": {parts[1], parts[0]},
		"InvalidPart":      {{ETag: aws.String(`"00"`), PartNumber: aws.Int32(1)}},
	} {
		complete.MultipartUpload = &types.CompletedMultipartUpload{Parts: wrong}
		if _, err := client.CompleteMultipartUpload(t.Context(), complete); errorCode(err) != code {
			t.Errorf("completing wrongly: %v, expected %s", err, code)
		}
	}
	complete.MultipartUpload = &types.CompletedMultipartUpload{Parts: parts}
	done, err := client.CompleteMultipartUpload(t.Context(), complete)
	if err != nil {
		t.Fatal(err)
	}
	head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: bucket, Key: key})
	if err != nil || !strings.HasSuffix(aws.ToString(head.ETag), `-3"`) || aws.ToString(head.ETag) != aws.ToString(done.ETag) {
		t.Errorf("ETag %v after %v, %v", aws.ToString(head.ETag), aws.ToString(done.ETag), err)
	}
	got, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: bucket, Key: key, Range: aws.String("bytes=5242870-5242889")})
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(got.Body); err != nil || !bytes.Equal(body, data[5242870:5242890]) {
		t.Errorf("a range over two parts: %d bytes, %v", len(body), err)
	}
}

func errorCode(err error) string {
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	return minio.ToErrorResponse(err).Code
}

func TestBuckets(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.minio(t, aliceKey, "us-east-1")
	if err := client.MakeBucket(t.Context(), "alice-new", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	buckets, err := client.ListBuckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range buckets {
		names = append(names, b.Name)
	}
	if want := []string{"alice-abroad", "alice-home", "alice-new"}; !slices.Equal(names, want) {
		t.Errorf("buckets = %v, expected %v", names, want)
	}
	location, err := c.minio(t, aliceKey, "").GetBucketLocation(t.Context(), "alice-abroad")
	if err != nil || location != "eu-west-1" {
		t.Errorf("location = %q, %v", location, err)
	}
	if exists, err := client.BucketExists(t.Context(), "alice-new"); err != nil || !exists {
		t.Errorf("BucketExists = %v, %v", exists, err)
	}
	if _, err := client.PutObject(t.Context(), "alice-new", "k", strings.NewReader("x"), 1, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := client.RemoveBucket(t.Context(), "alice-new"); errorCode(err) != "BucketNotEmpty" {
		t.Errorf("removing a bucket with an object: %v", err)
	}
	for object := range client.RemoveObjects(t.Context(), "alice-new", sendKeys("k"), minio.RemoveObjectsOptions{}) {
		t.Errorf("removing: %v", object.Err)
	}
	if err := client.RemoveBucket(t.Context(), "alice-new"); err != nil {
		t.Error(err)
	}
	if exists, err := client.BucketExists(t.Context(), "alice-new"); err != nil || exists {
		t.Errorf("BucketExists after removal = %v, %v", exists, err)
	}
}

func sendKeys(keys ...string) <-chan minio.ObjectInfo {
	out := make(chan minio.ObjectInfo, len(keys))
	for _, key := range keys {
		out <- minio.ObjectInfo{Key: key}
	}
	close(out)
	return out
}

// TestList pages through prefixes at every page size: each key and each prefix comes once, in order.
func TestList(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1")
	keys := []string{"/lead", "a", "a/", "a/1", "a/2", "a0", "b/c/1", "b/c/2", "b/d", "c d+é&", "z/1"}
	for _, key := range keys {
		if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("alice-home"), Key: aws.String(key), Body: strings.NewReader(key)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		prefix, delimiter, after string
		keys, prefixes           []string
	}{
		{keys: keys},
		{delimiter: "/", keys: []string{"a", "a0", "c d+é&"}, prefixes: []string{"/", "a/", "b/", "z/"}},
		{prefix: "a/", delimiter: "/", keys: []string{"a/", "a/1", "a/2"}},
		{prefix: "b/", delimiter: "/", keys: []string{"b/d"}, prefixes: []string{"b/c/"}},
		{prefix: "b", delimiter: "/", prefixes: []string{"b/"}},
		{after: "a/2", keys: []string{"a0", "b/c/1", "b/c/2", "b/d", "c d+é&", "z/1"}},
		{after: "a/1", delimiter: "/", keys: []string{"a0", "c d+é&"}, prefixes: []string{"a/", "b/", "z/"}},
		{prefix: "nothing"},
	} {
		for size := int32(1); size <= 12; size++ {
			gotKeys, gotPrefixes := listV2(t, client, test.prefix, test.delimiter, test.after, size)
			if !slices.Equal(gotKeys, test.keys) || !slices.Equal(gotPrefixes, test.prefixes) {
				t.Errorf("%+v, %d a page: %q and %q", test, size, gotKeys, gotPrefixes)
			}
			if test.after == "" {
				gotKeys, gotPrefixes = listV1(t, client, test.prefix, test.delimiter, size)
				if !slices.Equal(gotKeys, test.keys) || !slices.Equal(gotPrefixes, test.prefixes) {
					t.Errorf("V1 %+v, %d a page: %q and %q", test, size, gotKeys, gotPrefixes)
				}
			}
		}
	}
	var encoded []string // minio-go asks for keys in URL encoding
	for object := range c.minio(t, aliceKey, "us-east-1").ListObjects(t.Context(), "alice-home", minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			t.Fatal(object.Err)
		}
		encoded = append(encoded, object.Key)
	}
	if !slices.Equal(encoded, keys) {
		t.Errorf("minio-go lists %q", encoded)
	}
}

func listV2(t *testing.T, client *awss3.Client, prefix, delimiter, after string, size int32) (keys, prefixes []string) {
	t.Helper()
	input := &awss3.ListObjectsV2Input{Bucket: aws.String("alice-home"), Prefix: &prefix, MaxKeys: &size}
	if delimiter != "" {
		input.Delimiter = &delimiter
	}
	if after != "" {
		input.StartAfter = &after
	}
	pages := awss3.NewListObjectsV2Paginator(client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(page.Contents) + len(page.CommonPrefixes); n > int(size) || int(aws.ToInt32(page.KeyCount)) != n {
			t.Errorf("a page of %d has %d entries and says %d", size, n, aws.ToInt32(page.KeyCount))
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
		for _, p := range page.CommonPrefixes {
			prefixes = append(prefixes, aws.ToString(p.Prefix))
		}
	}
	return keys, prefixes
}

func listV1(t *testing.T, client *awss3.Client, prefix, delimiter string, size int32) (keys, prefixes []string) {
	t.Helper()
	input := &awss3.ListObjectsInput{Bucket: aws.String("alice-home"), Prefix: &prefix, MaxKeys: &size}
	if delimiter != "" {
		input.Delimiter = &delimiter
	}
	for {
		page, err := client.ListObjects(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
			input.Marker = object.Key
		}
		for _, p := range page.CommonPrefixes {
			prefixes = append(prefixes, aws.ToString(p.Prefix))
		}
		if delimiter != "" {
			input.Marker = page.NextMarker
		}
		if !aws.ToBool(page.IsTruncated) {
			return keys, prefixes
		}
	}
}

func TestCopyAndRemove(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.minio(t, aliceKey, "us-east-1")
	put := func(meta map[string]string) {
		t.Helper()
		if _, err := client.PutObject(t.Context(), "alice-home", "from me", strings.NewReader("text"), 4, minio.PutObjectOptions{UserMetadata: meta}); err != nil {
			t.Fatal(err)
		}
	}
	put(map[string]string{"Old": "1"})
	put(map[string]string{"New": "2"})
	from := minio.CopySrcOptions{Bucket: "alice-home", Object: "from me"}
	for _, test := range []struct {
		to   minio.CopyDestOptions
		want map[string]string
	}{
		{minio.CopyDestOptions{Bucket: "alice-home", Object: "to"}, map[string]string{"New": "2"}},
		{minio.CopyDestOptions{Bucket: "alice-home", Object: "to", ReplaceMetadata: true, UserMetadata: map[string]string{"Third": "3"}}, map[string]string{"Third": "3"}},
	} {
		if _, err := client.CopyObject(t.Context(), test.to, from); err != nil {
			t.Fatal(err)
		}
		info, err := client.StatObject(t.Context(), "alice-home", "to", minio.StatObjectOptions{})
		if err != nil || info.Size != 4 || !maps.Equal(info.UserMetadata, test.want) {
			t.Errorf("the copy has metadata %v, expected %v (%v)", info.UserMetadata, test.want, err)
		}
	}
	if _, err := client.ComposeObject(t.Context(), minio.CopyDestOptions{Bucket: "alice-home", Object: "both"}, from, from); errorCode(err) == "" {
		t.Error("a first part of 4 bytes was accepted")
	}
	if _, err := client.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: "alice-home", Object: "theirs"}, minio.CopySrcOptions{Bucket: "bob-home", Object: "k"}); errorCode(err) != "AccessDenied" {
		t.Errorf("copying from another account: %v", err)
	}
	for range 2 { // the second time there is nothing left, which is no error
		if err := client.RemoveObject(t.Context(), "alice-home", "to", minio.RemoveObjectOptions{}); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.StatObject(t.Context(), "alice-home", "to", minio.StatObjectOptions{}); errorCode(err) != "NoSuchKey" {
		t.Errorf("stat of a removed object: %v", err)
	}
}

func TestMultipartUploadsAreListed(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	bucket := aws.String("alice-home")
	for want := range 3 {
		listed, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: bucket})
		if err != nil || len(listed.Uploads) != want {
			t.Fatalf("%d uploads, expected %d: %v", len(listed.Uploads), want, err)
		}
		if _, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String(fmt.Sprint("k", want))}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: bucket, MaxUploads: aws.Int32(2)})
	if err != nil || !aws.ToBool(page.IsTruncated) {
		t.Fatalf("page = %+v, %v", page, err)
	}
	page, err = client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: bucket, KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker})
	if err != nil || len(page.Uploads) != 1 || aws.ToString(page.Uploads[0].Key) != "k2" {
		t.Fatalf("next page = %+v, %v", page, err)
	}
	for _, key := range []string{"k2", "k2"} {
		_, err = client.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{Bucket: bucket, Key: &key, UploadId: page.Uploads[0].UploadId})
	}
	if errorCode(err) != "NoSuchUpload" {
		t.Errorf("aborting twice: %v", err)
	}
}

func TestConditionsAndRanges(t *testing.T) {
	c := start(t, twoAccounts())
	put := c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "0123456789")
	etag := put.Header.Get("ETag")
	for _, test := range []struct {
		method, header, value string
		status                int
		body                  string
	}{
		{http.MethodGet, "Range", "bytes=2-4", 206, "234"},
		{http.MethodGet, "Range", "bytes=-3", 206, "789"},
		{http.MethodGet, "Range", "bytes=-99", 206, "0123456789"},
		{http.MethodGet, "Range", "bytes=8-99", 206, "89"},
		{http.MethodGet, "Range", "nonsense", 200, "0123456789"},
		{http.MethodGet, "Range", "bytes=4-2", 200, "0123456789"},
		{http.MethodGet, "Range", "bytes=10-", 416, "<Code>InvalidRange</Code>"},
		{http.MethodHead, "Range", "bytes=2-4", 206, ""},
		{http.MethodGet, "If-None-Match", etag, 304, ""},
		{http.MethodGet, "If-Match", etag, 200, "0123456789"},
		{http.MethodGet, "If-Match", `"other"`, 412, "<Code>PreconditionFailed</Code>"},
		{http.MethodPut, "If-None-Match", "*", 412, "<Code>PreconditionFailed</Code>"},
		{http.MethodPut, "If-Match", `"other"`, 412, "<Code>PreconditionFailed</Code>"},
		{http.MethodPut, "If-Match", etag, 200, ""},
	} {
		body := ""
		if test.method == http.MethodPut {
			body = "0123456789"
		}
		response := c.send(t, aliceKey, "us-east-1", test.method, "/alice-home/k", body, func(r *http.Request) { r.Header.Set(test.header, test.value) })
		got := text(t, response)
		if response.StatusCode != test.status || got != test.body && (test.status < 400 || !strings.Contains(got, test.body)) {
			t.Errorf("%s with %s: %s answers %d %q", test.method, test.header, test.value, response.StatusCode, got)
		}
	}
}

func TestPresigned(t *testing.T) {
	now := time.Now()
	c := start(t, twoAccounts(), simulator.WithClock(func() time.Time { return now }))
	c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/a%20log", "lines")
	url, err := c.minio(t, aliceKey, "us-east-1").PresignedGetObject(t.Context(), "alice-home", "a log", time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	get := func(u string) (int, string) {
		t.Helper()
		response := c.send(t, aliceKey, "", http.MethodGet, strings.TrimPrefix(u, c.URL), "", func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") })
		return response.StatusCode, text(t, response)
	}
	if status, body := get(url.String()); status != 200 || body != "lines" {
		t.Errorf("presigned: %d %s", status, body)
	}
	for name, tampered := range map[string]string{
		"longer life": strings.Replace(url.String(), "Expires=3600", "Expires=3601", 1),
		"another key": strings.Replace(url.String(), "a%20log", "b", 1),
		"one more":    url.String() + "&response-content-type=text/html",
	} {
		if status, body := get(tampered); status != 403 || !strings.Contains(body, "SignatureDoesNotMatch") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	now = now.Add(time.Hour + time.Second)
	if status, body := get(url.String()); status != 403 || !strings.Contains(body, "Request has expired") {
		t.Errorf("expired: %d %s", status, body)
	}
}
