package gofakes3backend_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator/s3/gofakes3backend"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

const (
	region  = "eu-west-1"
	account = "111111111111"
)

// open opens a store until the test ends, unless it is closed before.
func open(t *testing.T, dir string) (*store.Store, *gofakes3backend.Backend) {
	t.Helper()
	objects, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := objects.Close(); err != nil {
			t.Error(err)
		}
	})
	return objects, gofakes3backend.New(objects, region, account)
}

// withBucket is a backend over a store in memory, with one bucket.
func withBucket(t *testing.T) (*store.Store, *gofakes3backend.Backend) {
	t.Helper()
	objects, backend := open(t, "")
	if err := backend.CreateBucket("velero"); err != nil {
		t.Fatal(err)
	}
	return objects, backend
}

// serve serves a backend with gofakes3 over HTTPS, since it does not understand how minio-go sends parts without.
func serve(t *testing.T, backend gofakes3.Backend) *minio.Core {
	t.Helper()
	server := httptest.NewTLSServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	client, err := minio.NewCore(server.Listener.Addr().String(), &minio.Options{
		Creds: credentials.NewStaticV4("any", "any", ""), Region: region, Secure: true, MaxRetries: 1, Transport: server.Client().Transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func put(t *testing.T, backend *gofakes3backend.Backend, key, content string) gofakes3.VersionID {
	t.Helper()
	result, err := backend.PutObject("velero", key, nil, strings.NewReader(content), int64(len(content)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return result.VersionID
}

func read(t *testing.T, object *gofakes3.Object, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(object.Contents)
	if err := errors.Join(err, object.Contents.Close()); err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestObjects(t *testing.T) {
	_, backend := withBucket(t)
	client := serve(t, backend)
	options := minio.PutObjectOptions{ContentType: "text/plain", ContentEncoding: "none", UserMetadata: map[string]string{"Owner": "me"}}
	if _, err := client.Client.PutObject(t.Context(), "velero", "a/b c", strings.NewReader("content"), 7, options); err != nil {
		t.Fatal(err)
	}
	copied := minio.CopyDestOptions{Bucket: "velero", Object: "copy"}
	if _, err := client.Client.CopyObject(t.Context(), copied, minio.CopySrcOptions{Bucket: "velero", Object: "a/b c"}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a/b c", "copy"} {
		content, info, header, err := client.GetObject(t.Context(), "velero", key, minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err != nil || string(data) != "content" || info.ETag != "9a0364b9e99bb480dd25e1f0284c8555" {
			t.Errorf("%s: %q, %v, %v", key, data, info, err)
		}
		if info.UserMetadata["Owner"] != "me" || info.ContentType != "text/plain" || header.Get("Content-Encoding") != "none" {
			t.Errorf("%s: %v", key, header)
		}
		if header.Get("X-Amz-Content-Sha256") != "" || header.Get("X-Amz-Copy-Source") != "" {
			t.Errorf("%s: the headers are those of the request that wrote it: %v", key, header)
		}
	}
	part := minio.GetObjectOptions{}
	if err := part.SetRange(3, 5); err != nil {
		t.Fatal(err)
	}
	content, _, _, err := client.GetObject(t.Context(), "velero", "copy", part)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(content); err != nil || string(data) != "ten" {
		t.Errorf("a range is %q, %v", data, err)
	}
	if err := client.RemoveObject(t.Context(), "velero", "copy", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.StatObject(t.Context(), "velero", "copy", minio.StatObjectOptions{}); minio.ToErrorResponse(err).Code != "NoSuchKey" {
		t.Errorf("it is not deleted: %v", err)
	}
}

// TestReplacedMetadata shows that nothing of an object is left when it is overwritten.
func TestReplacedMetadata(t *testing.T) {
	_, backend := withBucket(t)
	meta := map[string]string{"X-Amz-Meta-Old": "x", "X-Amz-Security-Token": "secret", "Content-Encoding": "aws-chunked"}
	if _, err := backend.PutObject("velero", "k", meta, strings.NewReader(""), 0, nil); err != nil {
		t.Fatal(err)
	}
	object, err := backend.HeadObject("velero", "k")
	if err != nil || object.Metadata["X-Amz-Meta-Old"] != "x" || len(object.Metadata) != 3 {
		t.Errorf("%v, %v; want its type, its time and what the user said", object.Metadata, err)
	}
	put(t, backend, "k", "new")
	object, err = backend.HeadObject("velero", "k")
	if err != nil || len(object.Metadata) != 2 || object.Metadata["Content-Type"] != "binary/octet-stream" {
		t.Errorf("%v, %v", object, err)
	}
}

func TestMultipart(t *testing.T) {
	_, backend := withBucket(t)
	client := serve(t, backend)
	id, err := client.NewMultipartUpload(t.Context(), "velero", "k", minio.PutObjectOptions{UserMetadata: map[string]string{"Owner": "me"}})
	if err != nil {
		t.Fatal(err)
	}
	var parts []minio.CompletePart
	for number, content := range []string{"one ", "two"} {
		part, err := client.PutObjectPart(t.Context(), "velero", "k", id, number+1, strings.NewReader(content), int64(len(content)), minio.PutObjectPartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, minio.CompletePart{PartNumber: part.PartNumber, ETag: part.ETag})
	}
	if _, err := client.CompleteMultipartUpload(t.Context(), "velero", "k", id, parts, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	object, err := backend.GetObject("velero", "k", nil)
	if content := read(t, object, err); content != "one two" || object.Metadata["X-Amz-Meta-Owner"] != "me" {
		t.Errorf("%q, %v", content, object.Metadata)
	}
}

func TestLists(t *testing.T) {
	_, backend := withBucket(t)
	for i := range 4 {
		for _, folder := range []string{"", "a/", "b/", "b/c/"} {
			put(t, backend, fmt.Sprintf("%sk%d", folder, i), "x")
		}
	}
	client := serve(t, backend)
	for _, test := range []struct {
		prefix, delimiter string
		want              string
	}{
		{"", "/", "a/ b/ k0 k1 k2 k3"},
		{"b/", "/", "b/c/ b/k0 b/k1 b/k2 b/k3"},
		{"b/c", "", "b/c/k0 b/c/k1 b/c/k2 b/c/k3"},
		{"b/c", "/", "b/c/"},
		{"", "k", "a/k b/c/k b/k k"},
		{"nothing", "/", ""},
	} {
		for size := range 8 {
			var found []string
			for token := ""; ; {
				page, err := client.ListObjectsV2("velero", test.prefix, "", token, test.delimiter, size)
				if err != nil {
					t.Fatal(err)
				}
				for _, object := range page.Contents {
					found = append(found, object.Key)
				}
				for _, common := range page.CommonPrefixes {
					found = append(found, common.Prefix)
				}
				if token = page.NextContinuationToken; !page.IsTruncated {
					break
				}
			}
			slices.Sort(found)
			if got := strings.Join(found, " "); got != test.want {
				t.Errorf("prefix %q, delimiter %q, %d a page: %s, want %s", test.prefix, test.delimiter, size, got, test.want)
			}
		}
	}
	if all, err := backend.ListBucket("velero", nil, gofakes3.ListBucketPage{}); err != nil || len(all.Contents) != 16 || all.IsTruncated {
		t.Errorf("all are %v, %v", all, err)
	}
}

func TestVersions(t *testing.T) {
	_, backend := withBucket(t)
	put(t, backend, "k", "before")
	if config, err := backend.VersioningConfiguration("velero"); err != nil || config.Status != gofakes3.VersioningNone {
		t.Errorf("a new bucket: %v, %v", config, err)
	}
	if err := backend.SetVersioningConfiguration("velero", gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
		t.Fatal(err)
	}
	first, second := put(t, backend, "k", "first"), put(t, backend, "k", "second")
	marker, err := backend.DeleteObject("velero", "k")
	if err != nil || !marker.IsDeleteMarker || marker.VersionID == "" {
		t.Fatalf("deleting it: %v, %v", marker, err)
	}
	if _, err := backend.GetObject("velero", "k", nil); !gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		t.Errorf("it is not deleted: %v", err)
	}
	for version, want := range map[gofakes3.VersionID]string{first: "first", second: "second", "null": "before"} {
		object, err := backend.GetObjectVersion("velero", "k", version, &gofakes3.ObjectRangeRequest{Start: 1, End: gofakes3.RangeNoEnd})
		if content := read(t, object, err); content != want[1:] || object.VersionID != version {
			t.Errorf("version %s is %q, want the end of %q", version, content, want)
		}
	}
	if object, err := backend.HeadObjectVersion("velero", "k", marker.VersionID); err != nil || !object.IsDeleteMarker {
		t.Errorf("the marker: %v, %v", object, err)
	}
	want := fmt.Sprintf("%s %s %s null", marker.VersionID, second, first)
	for size := range 6 {
		if got := versions(t, backend, int64(size)); got != want {
			t.Errorf("%d a page: %s, want %s", size, got, want)
		}
	}

	// The latest goes first, and each time the one before is the latest.
	for _, version := range []gofakes3.VersionID{marker.VersionID, second, first, ""} {
		if _, err := backend.DeleteObjectVersion("velero", "k", version); err != nil {
			t.Error(err)
		}
	}
	if got := versions(t, backend, 0); got != "" {
		t.Errorf("left are %s", got)
	}
	if err := backend.DeleteBucket("velero"); err != nil {
		t.Error(err)
	}
}

// versions lists the ids of all versions by pages of a size.
func versions(t *testing.T, backend *gofakes3backend.Backend, size int64) string {
	t.Helper()
	var found []string
	page := &gofakes3.ListBucketVersionsPage{MaxKeys: size}
	for {
		result, err := backend.ListBucketVersions("velero", nil, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, version := range result.Versions {
			found = append(found, string(version.GetVersionID()))
		}
		if !result.IsTruncated {
			return strings.Join(found, " ")
		}
		page.KeyMarker, page.VersionIDMarker = result.NextKeyMarker, result.NextVersionIDMarker
	}
}

// TestNeverVersioned shows that there are no ids where there is no versioning, but in what gofakes3 makes of that in a list.
func TestNeverVersioned(t *testing.T) {
	_, backend := withBucket(t)
	if version := put(t, backend, "k", "x"); version != "" {
		t.Errorf("the version is %q", version)
	}
	if got := versions(t, backend, 0); got != "" {
		t.Errorf("the version is listed as %q", got)
	}
	for object := range serve(t, backend).Client.ListObjects(t.Context(), "velero", minio.ListObjectsOptions{WithVersions: true}) {
		if object.Err != nil || object.VersionID != "null" {
			t.Errorf("%v, %v", object, object.Err)
		}
	}
}

func TestDeleteMany(t *testing.T) {
	_, backend := withBucket(t)
	if err := backend.SetVersioningConfiguration("velero", gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
		t.Fatal(err)
	}
	old := put(t, backend, "a", "old")
	put(t, backend, "a", "new")
	put(t, backend, "b", "x")
	result, err := backend.DeleteMultiVersions("velero", gofakes3.ObjectID{Key: "a", VersionID: string(old)}, gofakes3.ObjectID{Key: "b"}, gofakes3.ObjectID{Key: "c", VersionID: "unheard"})
	if err != nil || len(result.Deleted) != 3 || len(result.Error) != 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	if all, err := backend.ListBucket("velero", nil, gofakes3.ListBucketPage{}); err != nil || len(all.Contents) != 1 || all.Contents[0].Key != "a" {
		t.Errorf("left are %v, %v", all.Contents, err)
	}
	if err := backend.ForceDeleteBucket("velero"); err != nil {
		t.Error(err)
	}
	if exists, err := backend.BucketExists("velero"); exists || err != nil {
		t.Errorf("the bucket is there: %v, %v", exists, err)
	}
}

func TestConditions(t *testing.T) {
	_, backend := withBucket(t)
	write := func(key string, conditions gofakes3.PutConditions) error {
		_, err := backend.PutObject("velero", key, nil, strings.NewReader("x"), 1, &conditions)
		return err
	}
	absent, etag, other := "*", `"9dd4e461268c8034f5c8564e155c67a6"`, `"00000000000000000000000000000000"`
	for i, test := range []struct {
		conditions gofakes3.PutConditions
		want       gofakes3.ErrorCode
	}{
		{gofakes3.PutConditions{IfMatch: &etag}, gofakes3.ErrPreconditionFailed},
		{gofakes3.PutConditions{IfNoneMatch: &absent}, gofakes3.ErrNone},
		{gofakes3.PutConditions{IfNoneMatch: &absent}, gofakes3.ErrPreconditionFailed},
		{gofakes3.PutConditions{IfMatch: &other}, gofakes3.ErrPreconditionFailed},
		{gofakes3.PutConditions{IfMatch: &etag}, gofakes3.ErrNone},
	} {
		if err := write("k", test.conditions); !gofakes3.HasErrorCode(err, test.want) {
			t.Errorf("write %d: %v, want %q", i, err, test.want)
		}
	}
	var won atomic.Int32
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			if err := write("race", gofakes3.PutConditions{IfNoneMatch: &absent}); err == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d created it", n)
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	objects, backend := open(t, dir)
	if err := backend.CreateBucket("velero"); err != nil {
		t.Fatal(err)
	}
	if err := backend.SetVersioningConfiguration("velero", gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("large ", 100_000)
	first := put(t, backend, "k", "small")
	put(t, backend, "k", large)
	before := versions(t, backend, 0)
	if err := objects.Close(); err != nil {
		t.Fatal(err)
	}

	_, backend = open(t, dir)
	if got := versions(t, backend, 0); got != before {
		t.Errorf("the versions are %s, were %s", got, before)
	}
	object, err := backend.GetObject("velero", "k", nil)
	if read(t, object, err) != large {
		t.Error("the latest version is another")
	}
	object, err = backend.GetObjectVersion("velero", "k", first, nil)
	if content := read(t, object, err); content != "small" {
		t.Errorf("the first version is %q", content)
	}
}

// TestConcurrentUse lets clients overwrite and delete what others read and list.
func TestConcurrentUse(t *testing.T) {
	_, backend := open(t, t.TempDir())
	if err := backend.CreateBucket("velero"); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for client := range 8 {
		group.Go(func() {
			for i := range 50 {
				key, content := fmt.Sprint("k", i%5), bytes.Repeat([]byte{byte('a' + client)}, 20_000)
				if _, err := backend.PutObject("velero", key, nil, bytes.NewReader(content), int64(len(content)), nil); err != nil {
					t.Error(err)
				}
				checkWhole(t, backend, key)
				if _, err := backend.ListBucket("velero", nil, gofakes3.ListBucketPage{}); err != nil {
					t.Error(err)
				}
				if i%7 == client {
					if _, err := backend.DeleteObject("velero", key); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
}

// checkWhole reads an object that may be gone, and is otherwise what one client wrote.
func checkWhole(t *testing.T, backend *gofakes3backend.Backend, key string) {
	t.Helper()
	object, err := backend.GetObject("velero", key, nil)
	if gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	defer object.Contents.Close()
	content, err := io.ReadAll(object.Contents)
	if err != nil || len(content) != 20_000 || !bytes.Equal(content, bytes.Repeat(content[:1], len(content))) {
		t.Errorf("%s: %d bytes, %v, not of one client", key, len(content), err)
	}
}

// TestOneAccountInOneRegion shows that other buckets of the store are neither seen nor overwritten.
func TestOneAccountInOneRegion(t *testing.T) {
	objects, backend := withBucket(t)
	for name, owner := range map[string][2]string{"abroad": {"us-east-1", account}, "foreign": {region, "222222222222"}} {
		if _, err := objects.CreateBucket(name, owner[0], owner[1], store.Settings{}); err != nil {
			t.Fatal(err)
		}
		if exists, err := backend.BucketExists(name); exists || err != nil {
			t.Errorf("%s is seen: %v, %v", name, exists, err)
		}
		if err := backend.CreateBucket(name); !gofakes3.HasErrorCode(err, gofakes3.ErrBucketAlreadyExists) {
			t.Errorf("%s is created once more: %v", name, err)
		}
	}
	if buckets, err := backend.ListBuckets(); err != nil || len(buckets) != 1 || buckets[0].Name != "velero" {
		t.Errorf("the buckets are %v, %v", buckets, err)
	}
}

// failing is a content that ends with an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestErrors(t *testing.T) {
	_, backend := withBucket(t)
	put(t, backend, "k", "x")
	write := func(bucket string, content io.Reader, size int64) error {
		_, err := backend.PutObject(bucket, "new", nil, content, size, nil)
		return err
	}
	_, noBucket := backend.GetObject("unheard", "k", nil)
	_, noKey := backend.HeadObject("velero", "unheard")
	_, noVersion := backend.GetObjectVersion("velero", "k", "unheard", nil)
	_, noRange := backend.GetObject("velero", "k", &gofakes3.ObjectRangeRequest{Start: 1, End: 1})
	_, noSource := backend.CopyObject("velero", "unheard", "velero", "copy", nil)
	for name, test := range map[string]struct {
		err  error
		want gofakes3.ErrorCode
	}{
		"a bucket that there is":  {backend.CreateBucket("velero"), gofakes3.ErrBucketAlreadyExists},
		"a bucket that is full":   {backend.DeleteBucket("velero"), gofakes3.ErrBucketNotEmpty},
		"a bucket to delete":      {backend.DeleteBucket("unheard"), gofakes3.ErrNoSuchBucket},
		"a bucket to write to":    {write("unheard", strings.NewReader("x"), 1), gofakes3.ErrNoSuchBucket},
		"a bucket to read":        {noBucket, gofakes3.ErrNoSuchBucket},
		"an object":               {noKey, gofakes3.ErrNoSuchKey},
		"an object to copy":       {noSource, gofakes3.ErrNoSuchKey},
		"a version":               {noVersion, gofakes3.ErrNoSuchVersion},
		"a range":                 {noRange, gofakes3.ErrInvalidRange},
		"too little content":      {write("velero", strings.NewReader("x"), 2), gofakes3.ErrIncompleteBody},
		"too much content":        {write("velero", strings.NewReader("xx"), 1), gofakes3.ErrIncompleteBody},
		"a size below zero":       {write("velero", strings.NewReader("xx"), -1), gofakes3.ErrIncompleteBody},
		"content that breaks off": {write("velero", failing{io.ErrUnexpectedEOF}, 1), gofakes3.ErrIncompleteBody},
		"content that is wrong":   {write("velero", failing{gofakes3.ErrBadDigest}, 1), gofakes3.ErrBadDigest},
		"a state of versioning":   {backend.SetVersioningConfiguration("velero", gofakes3.VersioningConfiguration{}), gofakes3.ErrIllegalVersioningConfiguration},
	} {
		if !gofakes3.HasErrorCode(test.err, test.want) {
			t.Errorf("%s: %v, want %s", name, test.err, test.want)
		}
	}
	if _, err := backend.HeadObject("velero", "new"); !gofakes3.HasErrorCode(err, gofakes3.ErrNoSuchKey) {
		t.Errorf("what was refused is there: %v", err)
	}
}

// TestLocked shows that what the simulator locks stays locked here.
func TestLocked(t *testing.T) {
	objects, backend := open(t, "")
	bucket, err := objects.CreateBucket("velero", region, account, store.Settings{Versioning: store.VersioningEnabled, ObjectLock: true})
	if err != nil {
		t.Fatal(err)
	}
	version := put(t, backend, "k", "x")
	if _, err := bucket.Change("k", "", func(a *store.Attributes) error { a.LegalHold = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.DeleteObjectVersion("velero", "k", version); !gofakes3.HasErrorCode(err, gofakes3.ErrMethodNotAllowed) {
		t.Errorf("the version: %v", err)
	}
	if err := backend.ForceDeleteBucket("velero"); !gofakes3.HasErrorCode(err, gofakes3.ErrMethodNotAllowed) {
		t.Errorf("the bucket: %v", err)
	}
	if err := backend.SetVersioningConfiguration("velero", gofakes3.VersioningConfiguration{Status: gofakes3.VersioningSuspended}); !gofakes3.HasErrorCode(err, gofakes3.ErrIllegalVersioningConfiguration) {
		t.Errorf("its versioning: %v", err)
	}
}
