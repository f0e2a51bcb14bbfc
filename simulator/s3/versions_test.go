package s3_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/policy"
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
	for version, want := range map[string]string{"": "NoSuchKey", one: "one", two: "two", "null": "before", "nothing": "NoSuchVersion", marker: "MethodNotAllowed"} {
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

// TestObjectLock holds versions under a retention and a legal hold, and moves the clock past them.
func TestObjectLock(t *testing.T) {
	now := time.Now()
	config := twoAccounts()
	config.DataDir = t.TempDir()
	c := start(t, config, simulator.WithClock(func() time.Time { return now }))
	client := c.aws(aliceKey, "us-east-1")
	bucket, key := aws.String("locked"), aws.String("k")
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: bucket, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	_, err := client.PutObjectLockConfiguration(t.Context(), &awss3.PutObjectLockConfigurationInput{Bucket: bucket, ObjectLockConfiguration: &types.ObjectLockConfiguration{
		ObjectLockEnabled: types.ObjectLockEnabledEnabled,
		Rule:              &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: types.ObjectLockRetentionModeGovernance, Days: aws.Int32(1)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("x")})
	if err != nil {
		t.Fatal(err)
	}
	remove := func(version *string, bypass bool) string {
		t.Helper()
		_, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: bucket, Key: key, VersionId: version, BypassGovernanceRetention: &bypass})
		return errorCode(err)
	}
	retain := func(mode types.ObjectLockRetentionMode, after time.Duration, bypass bool) string {
		t.Helper()
		_, err := client.PutObjectRetention(t.Context(), &awss3.PutObjectRetentionInput{
			Bucket: bucket, Key: key, VersionId: put.VersionId, BypassGovernanceRetention: &bypass,
			Retention: &types.ObjectLockRetention{Mode: mode, RetainUntilDate: aws.Time(now.Add(after))},
		})
		return errorCode(err)
	}
	hold := func(status types.ObjectLockLegalHoldStatus) {
		t.Helper()
		if _, err := client.PutObjectLegalHold(t.Context(), &awss3.PutObjectLegalHoldInput{Bucket: bucket, Key: key, VersionId: put.VersionId, LegalHold: &types.ObjectLockLegalHold{Status: status}}); err != nil {
			t.Fatal(err)
		}
	}
	head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: bucket, Key: key})
	if err != nil || head.ObjectLockMode != types.ObjectLockModeGovernance || head.ObjectLockRetainUntilDate.Sub(now).Round(time.Hour) != 24*time.Hour {
		t.Errorf("default retention: %v until %v, %v", head.ObjectLockMode, head.ObjectLockRetainUntilDate, err)
	}
	steps := []struct{ what, got, want string }{
		{"deleting under governance", remove(put.VersionId, false), "AccessDenied"},
		{"shortening governance", retain(types.ObjectLockRetentionModeGovernance, time.Hour, false), "AccessDenied"},
		{"shortening governance with a bypass", retain(types.ObjectLockRetentionModeGovernance, time.Hour, true), ""},
		{"turning governance into compliance", retain(types.ObjectLockRetentionModeCompliance, 10*time.Minute, true), ""},
		{"shortening compliance with a bypass", retain(types.ObjectLockRetentionModeCompliance, time.Minute, true), "AccessDenied"},
		{"deleting under compliance with a bypass", remove(put.VersionId, true), "AccessDenied"},
		{"hiding a locked version", remove(nil, false), ""},
	}
	for _, step := range steps {
		if step.got != step.want {
			t.Errorf("%s: %q, expected %q", step.what, step.got, step.want)
		}
	}
	hold(types.ObjectLockLegalHoldStatusOn)
	if got := remove(put.VersionId, true); got != "AccessDenied" {
		t.Errorf("deleting under a legal hold: %q", got)
	}
	hold(types.ObjectLockLegalHoldStatusOff)
	if code := retain(types.ObjectLockRetentionModeCompliance, time.Minute, false); code != "AccessDenied" {
		t.Errorf("shortening compliance: %q", code)
	}
	now = now.Add(11 * time.Minute) // within the skew that signatures may have
	if got := remove(put.VersionId, false); got != "" {
		t.Errorf("deleting when the retention is over: %q", got)
	}
	if _, err := client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{
		Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
	}); errorCode(err) != "InvalidBucketState" {
		t.Errorf("suspending versioning under object lock: %v", err)
	}
	_, err = client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: home, Key: key, Body: strings.NewReader("x"), ObjectLockLegalHoldStatus: types.ObjectLockLegalHoldStatusOn,
	})
	if errorCode(err) != "InvalidRequest" {
		t.Errorf("a legal hold without object lock: %v", err)
	}
}

// TestBypassOfEachKey deletes versions under governance with a key that may bypass it under one prefix only.
func TestBypassOfEachKey(t *testing.T) {
	config := twoAccounts()
	limited := simulator.AccessKeyConfig{ID: "AKIALIMITED", Secret: "limited secret"}
	bypass := allow("s3:BypassGovernanceRetention")
	bypass.Prefix = "old/"
	limited.Policy = policy.Policy{allow("s3:DeleteObject*"), bypass}
	config.Accounts[0].AccessKeys = append(config.Accounts[0].AccessKeys, limited)
	c := start(t, config)
	client := c.aws(aliceKey, "us-east-1")
	bucket := aws.String("kept")
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: bucket, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	var versions []types.ObjectIdentifier
	for _, key := range []string{"old/k", "new/k"} {
		put, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
			Bucket: bucket, Key: &key, ObjectLockMode: types.ObjectLockModeGovernance, ObjectLockRetainUntilDate: aws.Time(time.Now().Add(time.Hour)),
		})
		if err != nil {
			t.Fatal(err)
		}
		versions = append(versions, types.ObjectIdentifier{Key: &key, VersionId: put.VersionId})
	}
	out, err := c.aws(limited, "us-east-1").DeleteObjects(t.Context(), &awss3.DeleteObjectsInput{
		Bucket: bucket, Delete: &types.Delete{Objects: versions}, BypassGovernanceRetention: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Deleted) != 1 || *out.Deleted[0].Key != "old/k" || len(out.Errors) != 1 || *out.Errors[0].Key != "new/k" || *out.Errors[0].Code != "AccessDenied" {
		t.Errorf("deleted %v, refused %v", out.Deleted, out.Errors)
	}
}
