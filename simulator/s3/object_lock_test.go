package s3_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/velero-locations/velero-locations/simulator"
	"github.com/velero-locations/velero-locations/simulator/policy"
)

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
