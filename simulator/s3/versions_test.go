package s3_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var home = aws.String("alice-home")

// versioned sets the versioning of alice-home.
func versioned(t *testing.T, client *awss3.Client, status types.BucketVersioningStatus) {
	t.Helper()
	_, err := client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{
		Bucket: home, VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func putText(t *testing.T, client *awss3.Client, key, text string) (version string) {
	t.Helper()
	out, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: &key, Body: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.VersionId)
}

// getText returns the content of a version, or the code of the error.
func getText(t *testing.T, client *awss3.Client, key, version string) string {
	t.Helper()
	input := &awss3.GetObjectInput{Bucket: home, Key: &key}
	if version != "" {
		input.VersionId = &version
	}
	out, err := client.GetObject(t.Context(), input)
	if err != nil {
		return errorCode(err)
	}
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// history lists the versions of alice-home as "key version", with "*" for the latest and "-" for a delete marker.
func history(t *testing.T, client *awss3.Client, pageSize int32, prefix, delimiter string) []string {
	t.Helper()
	var out []string
	pages := awss3.NewListObjectVersionsPaginator(client, &awss3.ListObjectVersionsInput{
		Bucket: home, MaxKeys: &pageSize, Prefix: &prefix, Delimiter: &delimiter,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Versions {
			out = append(out, line(*v.Key, *v.VersionId, *v.IsLatest, false))
		}
		for _, m := range page.DeleteMarkers {
			out = append(out, line(*m.Key, *m.VersionId, *m.IsLatest, true))
		}
		for _, p := range page.CommonPrefixes {
			out = append(out, *p.Prefix)
		}
	}
	slices.Sort(out)
	return out
}

func line(key, version string, latest, marker bool) string {
	out := key + " " + version
	if latest {
		out += "*"
	}
	if marker {
		out += "-"
	}
	return out
}

func deleteObject(t *testing.T, client *awss3.Client, key, version string) *awss3.DeleteObjectOutput {
	t.Helper()
	input := &awss3.DeleteObjectInput{Bucket: home, Key: &key}
	if version != "" {
		input.VersionId = &version
	}
	out, err := client.DeleteObject(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestVersions follows a key through all states of versioning, with a restart in the middle.
func TestVersions(t *testing.T) {
	config := twoAccounts()
	config.DataDir = t.TempDir()
	c := start(t, config)
	client := c.aws(aliceKey, "us-east-1")
	if v := putText(t, client, "k", "before"); v != "" {
		t.Errorf("version %q without versioning", v)
	}
	versioned(t, client, types.BucketVersioningStatusEnabled)
	one, two := putText(t, client, "k", "one"), putText(t, client, "k", "two")
	deleted := deleteObject(t, client, "k", "")
	marker := aws.ToString(deleted.VersionId)
	if !aws.ToBool(deleted.DeleteMarker) || marker == "" {
		t.Errorf("deleting = %+v", deleted)
	}
	c.Server.Close()
	if err := c.Simulator.Close(); err != nil {
		t.Fatal(err)
	}
	c = start(t, config)
	client = c.aws(aliceKey, "us-east-1")
	for version, want := range map[string]string{"": "NoSuchKey", one: "one", two: "two", "null": "before", "ThereIsNoVersionOfThisId000000": "NoSuchVersion", "nothing": "InvalidArgument", marker: "MethodNotAllowed"} {
		if got := getText(t, client, "k", version); got != want {
			t.Errorf("version %q is %q, expected %q", version, got, want)
		}
	}
	response := c.send(t, aliceKey, "us-east-1", http.MethodHead, "/alice-home/k", "")
	if response.StatusCode != http.StatusNotFound || response.Header.Get("X-Amz-Delete-Marker") != "true" || response.Header.Get("X-Amz-Version-Id") != marker {
		t.Errorf("HEAD of a deleted object: %d %v", response.StatusCode, response.Header)
	}
	want := []string{"k " + marker + "*-", "k " + one, "k " + two, "k null"}
	slices.Sort(want)
	for size := int32(1); size <= 5; size++ {
		if got := history(t, client, size, "", ""); !slices.Equal(got, want) {
			t.Errorf("%d a page: %q, expected %q", size, got, want)
		}
	}
	if listed, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: home}); err != nil || len(listed.Contents) != 0 {
		t.Errorf("a deleted object is listed: %v, %v", listed, err)
	}
	if removed := deleteObject(t, client, "k", marker); !aws.ToBool(removed.DeleteMarker) || getText(t, client, "k", "") != "two" {
		t.Errorf("removing the marker = %+v", removed)
	}
	deleteObject(t, client, "k", two)
	if got := getText(t, client, "k", ""); got != "one" {
		t.Errorf("after removing the latest: %q", got)
	}
	versioned(t, client, types.BucketVersioningStatusSuspended)
	if v := putText(t, client, "k", "suspended"); v != "null" {
		t.Errorf("version %q while suspended", v)
	}
	deleteObject(t, client, "k", "")
	if got, want := history(t, client, 9, "", ""), []string{"k " + one, "k null*-"}; !slices.Equal(got, want) {
		t.Errorf("while suspended: %q", got)
	}
	if _, err := client.DeleteBucket(t.Context(), &awss3.DeleteBucketInput{Bucket: home}); errorCode(err) != "BucketNotEmpty" {
		t.Errorf("deleting a bucket with versions: %v", err)
	}
}

func TestVersionsByPrefix(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	versioned(t, client, types.BucketVersioningStatusEnabled)
	var all []string
	for _, key := range []string{"a/1", "a/2", "b"} {
		old, latest := putText(t, client, key, "old"), putText(t, client, key, "new")
		all = append(all, line(key, old, false, false), line(key, latest, true, false))
	}
	slices.Sort(all)
	for size := int32(1); size <= 7; size++ {
		if got := history(t, client, size, "", ""); !slices.Equal(got, all) {
			t.Errorf("%d a page: %q", size, got)
		}
		if got := history(t, client, size, "", "/"); len(got) != 3 || got[0] != "a/" {
			t.Errorf("by prefix, %d a page: %q", size, got)
		}
	}
	// A client that deletes what it lists, page by page, leaves nothing behind.
	two := int32(2)
	input := &awss3.ListObjectVersionsInput{Bucket: home, MaxKeys: &two}
	for {
		page, err := client.ListObjectVersions(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		var doomed []types.ObjectIdentifier
		for _, v := range page.Versions {
			doomed = append(doomed, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		gone, err := client.DeleteObjects(t.Context(), &awss3.DeleteObjectsInput{Bucket: home, Delete: &types.Delete{Objects: doomed}})
		if err != nil || len(gone.Deleted) != len(doomed) {
			t.Fatalf("DeleteObjects = %+v, %v", gone, err)
		}
		if !aws.ToBool(page.IsTruncated) {
			break
		}
		input.KeyMarker, input.VersionIdMarker = page.NextKeyMarker, page.NextVersionIdMarker
	}
	if got := history(t, client, 9, "", ""); len(got) > 0 {
		t.Errorf("left behind: %q", got)
	}
}
