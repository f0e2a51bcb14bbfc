package s3_test

import (
	"bytes"
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/velero-locations/velero-locations/simulator"
)

// pager returns the next page, and whether it is the last.
type pager func() (entries []string, last bool, err error)

// checkPages reads all pages of some sizes: together they are the whole, and none is longer than asked for.
func checkPages(t *testing.T, what string, whole []string, start func(size int32) pager) {
	t.Helper()
	slices.Sort(whole)
	for _, size := range []int{1, 2, 3, 5, 8, max(1, len(whole)-1), max(1, len(whole)), len(whole) + 1} {
		var all []string
		next := start(int32(size))
		for last := false; !last; {
			var page []string
			var err error
			if page, last, err = next(); err != nil {
				t.Fatalf("%s, %d a page: %v", what, size, err)
			}
			if all = append(all, page...); len(page) > size || len(page) < size && !last || len(all) > 2*len(whole)+1 {
				t.Fatalf("%s: a page of %d has %d entries after %d, last: %t", what, size, len(page), len(all), last)
			}
		}
		if slices.Sort(all); !slices.Equal(all, whole) {
			t.Errorf("%s, %d a page: %q, want %q", what, size, all, whole)
		}
	}
}

// randomKeys are keys that meet at separators, delimiters and what URLs and XML encode.
func randomKeys(random *rand.Rand, letters []string, count int) []string {
	var keys []string
	for range count {
		var key strings.Builder
		for range 1 + random.Intn(4) {
			key.WriteString(letters[random.Intn(len(letters))])
		}
		keys = append(keys, key.String())
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// rolled returns the entries of a list with a prefix and a delimiter: what is listed under a key, by the key, and common prefixes.
func rolled(listed map[string][]string, prefix, delimiter string) []string {
	var out []string
	for key, entries := range listed {
		rest, found := strings.CutPrefix(key, prefix)
		before, _, cut := strings.Cut(rest, delimiter)
		switch {
		case !found:
		case cut && delimiter != "":
			out = append(out, "PREFIX "+prefix+before+delimiter)
		default:
			out = append(out, entries...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func prefixEntries(entries []string, prefixes []types.CommonPrefix) []string {
	for _, p := range prefixes {
		entries = append(entries, "PREFIX "+aws.ToString(p.Prefix))
	}
	return entries
}

// bucketOfPages is a bucket with random versions and uploads.
type bucketOfPages struct {
	t                          *testing.T
	client                     *awss3.Client
	bucket                     *string
	objects, versions, uploads map[string][]string // what is listed under a key
}

func fillBucket(t *testing.T, c *cloud, random *rand.Rand) *bucketOfPages {
	t.Helper()
	b := &bucketOfPages{t, c.aws(aliceKey, "us-east-1"), aws.String(fmt.Sprintf("pages-%d", random.Int())), map[string][]string{}, map[string][]string{}, map[string][]string{}}
	_, err := b.client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: b.bucket})
	if err == nil {
		_, err = b.client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{Bucket: b.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range randomKeys(random, []string{"a", "b", "/", "-", "+", "%", " ", "&", "é", "\U0001F600"}, 25) {
		for range 1 + random.Intn(3) {
			b.add(key, random.Intn(4) == 0)
		}
		for range random.Intn(3) {
			upload, err := b.client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: b.bucket, Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			b.uploads[key] = append(b.uploads[key], key+" "+*upload.UploadId)
		}
	}
	return b
}

// add writes a version of a key, or deletes the key.
func (b *bucketOfPages) add(key string, hide bool) {
	b.t.Helper()
	var version *string
	if hide {
		out, err := b.client.DeleteObject(b.t.Context(), &awss3.DeleteObjectInput{Bucket: b.bucket, Key: &key})
		if err != nil {
			b.t.Fatal(err)
		}
		version = out.VersionId
		delete(b.objects, key)
	} else {
		out, err := b.client.PutObject(b.t.Context(), &awss3.PutObjectInput{Bucket: b.bucket, Key: &key, Body: strings.NewReader("x")})
		if err != nil {
			b.t.Fatal(err)
		}
		version = out.VersionId
		b.objects[key] = []string{key}
	}
	b.versions[key] = append(b.versions[key], key+" "+*version)
}

func (b *bucketOfPages) listObjects(prefix, delimiter string) func(int32) pager {
	return func(size int32) pager {
		in := &awss3.ListObjectsInput{Bucket: b.bucket, Prefix: &prefix, MaxKeys: &size}
		if delimiter != "" {
			in.Delimiter = &delimiter
		}
		return func() (entries []string, last bool, err error) {
			out, err := b.client.ListObjects(b.t.Context(), in)
			if err != nil {
				return nil, false, err
			}
			for _, object := range out.Contents {
				entries = append(entries, *object.Key)
				in.Marker = object.Key
			}
			if delimiter != "" {
				in.Marker = out.NextMarker
			}
			return prefixEntries(entries, out.CommonPrefixes), !*out.IsTruncated, nil
		}
	}
}

func (b *bucketOfPages) listObjectsV2(prefix, delimiter string) func(int32) pager {
	return func(size int32) pager {
		in := &awss3.ListObjectsV2Input{Bucket: b.bucket, Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &size}
		return func() (entries []string, last bool, err error) {
			out, err := b.client.ListObjectsV2(b.t.Context(), in)
			if err != nil {
				return nil, false, err
			}
			for _, object := range out.Contents {
				entries = append(entries, *object.Key)
			}
			in.ContinuationToken = out.NextContinuationToken
			return prefixEntries(entries, out.CommonPrefixes), !*out.IsTruncated, nil
		}
	}
}

func (b *bucketOfPages) listVersions(prefix, delimiter string) func(int32) pager {
	return func(size int32) pager {
		in := &awss3.ListObjectVersionsInput{Bucket: b.bucket, Prefix: &prefix, Delimiter: &delimiter, MaxKeys: &size}
		return func() (entries []string, last bool, err error) {
			out, err := b.client.ListObjectVersions(b.t.Context(), in)
			if err != nil {
				return nil, false, err
			}
			for _, v := range out.Versions {
				entries = append(entries, *v.Key+" "+*v.VersionId)
			}
			for _, v := range out.DeleteMarkers {
				entries = append(entries, *v.Key+" "+*v.VersionId)
			}
			in.KeyMarker, in.VersionIdMarker = out.NextKeyMarker, out.NextVersionIdMarker
			return prefixEntries(entries, out.CommonPrefixes), !*out.IsTruncated, nil
		}
	}
}

func (b *bucketOfPages) listUploads(prefix, delimiter string) func(int32) pager {
	return func(size int32) pager {
		in := &awss3.ListMultipartUploadsInput{Bucket: b.bucket, Prefix: &prefix, Delimiter: &delimiter, MaxUploads: &size}
		return func() (entries []string, last bool, err error) {
			out, err := b.client.ListMultipartUploads(b.t.Context(), in)
			if err != nil {
				return nil, false, err
			}
			for _, u := range out.Uploads {
				entries = append(entries, *u.Key+" "+*u.UploadId)
			}
			in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
			return prefixEntries(entries, out.CommonPrefixes), !*out.IsTruncated, nil
		}
	}
}

// TestPages pages through all lists of random buckets.
func TestPages(t *testing.T) {
	c := start(t, twoAccounts())
	random := rand.New(rand.NewSource(17))
	for range 3 {
		b := fillBucket(t, c, random)
		for _, prefix := range []string{"", "a", "/", "b/", "-"} {
			for _, delimiter := range []string{"", "/", "-", "a/"} {
				at := fmt.Sprintf("with prefix %q and delimiter %q", prefix, delimiter)
				checkPages(t, "objects "+at, rolled(b.objects, prefix, delimiter), b.listObjects(prefix, delimiter))
				checkPages(t, "objects, V2, "+at, rolled(b.objects, prefix, delimiter), b.listObjectsV2(prefix, delimiter))
				checkPages(t, "versions "+at, rolled(b.versions, prefix, delimiter), b.listVersions(prefix, delimiter))
				checkPages(t, "uploads "+at, rolled(b.uploads, prefix, delimiter), b.listUploads(prefix, delimiter))
			}
		}
	}
}

// TestPagesOfBuckets pages through buckets whose names meet at what sorts around any separator, in two regions each.
func TestPagesOfBuckets(t *testing.T) {
	random := rand.New(rand.NewSource(17))
	config := twoAccounts()
	config.BucketNames = "regional"
	config.Accounts[0].Buckets = nil
	var whole []string
	for _, name := range randomKeys(random, []string{"a", "0", "-", "a.b"}, 30) {
		name = "a" + name + "z"
		if strings.Contains(name, "-.") || strings.Contains(name, ".-") {
			continue
		}
		for _, region := range config.Regions[:1+random.Intn(2)] {
			config.Accounts[0].Buckets = append(config.Accounts[0].Buckets, simulator.BucketConfig{Name: name, Region: region})
			whole = append(whole, name+" "+region)
		}
	}
	client := start(t, config).aws(aliceKey, "us-east-1")
	checkPages(t, "buckets", whole, func(size int32) pager {
		in := &awss3.ListBucketsInput{MaxBuckets: &size}
		return func() (entries []string, last bool, err error) {
			out, err := client.ListBuckets(t.Context(), in)
			if err != nil {
				return nil, false, err
			}
			for _, bucket := range out.Buckets {
				entries = append(entries, *bucket.Name+" "+*bucket.BucketRegion)
			}
			in.ContinuationToken = out.ContinuationToken
			return entries, out.ContinuationToken == nil, nil
		}
	})
	if _, err := client.ListBuckets(t.Context(), &awss3.ListBucketsInput{ContinuationToken: aws.String("a/us-east-1")}); errorCode(err) != "InvalidArgument" {
		t.Errorf("a token that is none: %v", err)
	}
}

// TestPagesOfParts pages through the parts of an upload, and of what became of it.
func TestPagesOfParts(t *testing.T) {
	random := rand.New(rand.NewSource(17))
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	upload, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: plainBucket, Key: someKey, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	if err != nil {
		t.Fatal(err)
	}
	numbers := random.Perm(10_000)[:20]
	slices.Sort(numbers)
	var whole []string
	var completed types.CompletedMultipartUpload
	content := make([]byte, 5<<20)
	for i, number := range numbers {
		number := int32(number + 1)
		size := 1
		if i < 3 {
			size = len(content)
		}
		part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: plainBucket, Key: someKey, UploadId: upload.UploadId, PartNumber: &number, Body: bytes.NewReader(content[:size]), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
		if err != nil {
			t.Fatal(err)
		}
		whole = append(whole, strconv.Itoa(int(number)))
		if i < 4 {
			completed.Parts = append(completed.Parts, types.CompletedPart{PartNumber: &number, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32})
		}
	}
	checkPages(t, "parts", whole, func(size int32) pager {
		in := &awss3.ListPartsInput{Bucket: plainBucket, Key: someKey, UploadId: upload.UploadId, MaxParts: &size}
		return func() (entries []string, last bool, err error) {
			out, err := client.ListParts(t.Context(), in)
			if err != nil {
				return nil, false, err
			}
			for _, p := range out.Parts {
				entries = append(entries, strconv.Itoa(int(*p.PartNumber)))
			}
			in.PartNumberMarker = out.NextPartNumberMarker
			return entries, !*out.IsTruncated, nil
		}
	})
	if _, err := client.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{Bucket: plainBucket, Key: someKey, UploadId: upload.UploadId, MultipartUpload: &completed}); err != nil {
		t.Fatal(err)
	}
	var ofObject []string
	for _, number := range numbers[:4] {
		ofObject = append(ofObject, strconv.Itoa(number+1))
	}
	checkPages(t, "parts of an object", ofObject, func(size int32) pager {
		in := &awss3.GetObjectAttributesInput{Bucket: plainBucket, Key: someKey, MaxParts: &size, ObjectAttributes: []types.ObjectAttributes{types.ObjectAttributesObjectParts}}
		return func() (entries []string, last bool, err error) {
			out, err := client.GetObjectAttributes(t.Context(), in)
			if err != nil {
				return nil, false, err
			}
			for _, p := range out.ObjectParts.Parts {
				entries = append(entries, strconv.Itoa(int(*p.PartNumber)))
			}
			in.PartNumberMarker = out.ObjectParts.NextPartNumberMarker
			return entries, !*out.ObjectParts.IsTruncated, nil
		}
	})
}

// TestPagesWhileUploadsEnd aborts the upload that a page ended with: the next page goes on behind it.
func TestPagesWhileUploadsEnd(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	for range 5 {
		if _, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: plainBucket, Key: someKey}); err != nil {
			t.Fatal(err)
		}
	}
	in := &awss3.ListMultipartUploadsInput{Bucket: plainBucket, MaxUploads: aws.Int32(2)}
	ended := 0
	for more := true; more; {
		page, err := client.ListMultipartUploads(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Uploads {
			ended++
			if _, err := client.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{Bucket: plainBucket, Key: u.Key, UploadId: u.UploadId}); err != nil {
				t.Fatal(err)
			}
		}
		in.KeyMarker, in.UploadIdMarker, more = page.NextKeyMarker, page.NextUploadIdMarker, *page.IsTruncated
	}
	if ended != 5 {
		t.Errorf("%d of 5 uploads were listed", ended)
	}
}

// TestLongPages asks for more than S3 puts on a page, as Hadoop does.
func TestLongPages(t *testing.T) {
	c := start(t, twoAccounts())
	for query, element := range map[string]string{"": "MaxKeys", "list-type=2&": "MaxKeys", "versions&": "MaxKeys", "uploads&": "MaxUploads"} {
		parameter := map[string]string{"MaxKeys": "max-keys", "MaxUploads": "max-uploads"}[element]
		answer := text(t, c.send(t, aliceKey, "us-east-1", "GET", "/alice-home?"+query+parameter+"=5000", ""))
		if want := "<" + element + ">1000</" + element + ">"; !strings.Contains(answer, want) {
			t.Errorf("%s: no %s in %s", query, want, answer)
		}
	}
}
