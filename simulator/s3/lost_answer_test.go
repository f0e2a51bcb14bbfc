package s3_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/s3"
)

// repeat is a call of which the client never hears the first answer. A client takes what it is told the second time.
type repeat struct {
	call func(context.Context, *lossy) error
	code string // of the second answer; empty for success
}

// lossy is a client that tries everything twice.
type lossy struct {
	*awss3.Client
	upload, etag string // of locked/parts, and its part
}

var (
	plainBucket, lockedBucket = aws.String("alice-home"), aws.String("locked")
	someKey, partsKey         = aws.String("k"), aws.String("parts")
)

func (l *lossy) completed() *types.CompletedMultipartUpload {
	return &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: &l.etag}}}
}

func (l *lossy) retention() *types.ObjectLockRetention {
	return &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance, RetainUntilDate: aws.Time(time.Now().Add(time.Hour))}
}

// archive sets a configuration of S3 Intelligent-Tiering.
func (l *lossy) archive(ctx context.Context, id string) error {
	return only(l.PutBucketIntelligentTieringConfiguration(ctx, &awss3.PutBucketIntelligentTieringConfigurationInput{
		Bucket: plainBucket, Id: &id, IntelligentTieringConfiguration: tiering(id, types.Tiering{AccessTier: types.IntelligentTieringAccessTierArchiveAccess, Days: aws.Int32(90)}),
	}))
}

func only[T any](_ T, err error) error { return err }

// changes are the operations that change something. Those that only read can be repeated anyway.
var changes = map[string]repeat{
	"CreateBucket": {func(ctx context.Context, l *lossy) error {
		return only(l.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: aws.String("fresh")}))
	}, ""},
	"CreateBucket elsewhere": {func(ctx context.Context, l *lossy) error {
		return only(l.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: aws.String("fresh"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}))
	}, "BucketAlreadyOwnedByYou"},
	"DeleteBucket": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteBucket(ctx, &awss3.DeleteBucketInput{Bucket: aws.String("spare")}))
	}, "NoSuchBucket"},
	"PutObject": {func(ctx context.Context, l *lossy) error {
		return only(l.PutObject(ctx, &awss3.PutObjectInput{Bucket: plainBucket, Key: someKey, Body: strings.NewReader("x")}))
	}, ""},
	"PutObject where there is none": {func(ctx context.Context, l *lossy) error {
		return only(l.PutObject(ctx, &awss3.PutObjectInput{Bucket: plainBucket, Key: aws.String("new"), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")}))
	}, "PreconditionFailed"},
	"CopyObject": {func(ctx context.Context, l *lossy) error {
		return only(l.CopyObject(ctx, &awss3.CopyObjectInput{Bucket: plainBucket, Key: aws.String("copy"), CopySource: aws.String("alice-home/k")}))
	}, ""},
	"DeleteObject": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: plainBucket, Key: someKey}))
	}, ""},
	"DeleteObject that is there": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: plainBucket, Key: someKey, IfMatch: aws.String("*")}))
	}, "NoSuchKey"},
	"DeleteObjects": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteObjects(ctx, &awss3.DeleteObjectsInput{Bucket: plainBucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: someKey}}}}))
	}, ""},
	"CreateMultipartUpload": {func(ctx context.Context, l *lossy) error {
		return only(l.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: plainBucket, Key: someKey}))
	}, ""},
	"UploadPart": {func(ctx context.Context, l *lossy) error {
		return only(l.UploadPart(ctx, &awss3.UploadPartInput{Bucket: lockedBucket, Key: partsKey, UploadId: &l.upload, PartNumber: aws.Int32(1), Body: strings.NewReader("x")}))
	}, ""},
	"UploadPartCopy": {func(ctx context.Context, l *lossy) error {
		return only(l.UploadPartCopy(ctx, &awss3.UploadPartCopyInput{Bucket: lockedBucket, Key: partsKey, UploadId: &l.upload, PartNumber: aws.Int32(1), CopySource: aws.String("alice-home/k")}))
	}, ""},
	"CompleteMultipartUpload": {func(ctx context.Context, l *lossy) error {
		return only(l.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{Bucket: lockedBucket, Key: partsKey, UploadId: &l.upload, MultipartUpload: l.completed()}))
	}, ""},
	"CompleteMultipartUpload where there is none": {func(ctx context.Context, l *lossy) error {
		return only(l.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{Bucket: lockedBucket, Key: partsKey, UploadId: &l.upload, MultipartUpload: l.completed(), IfNoneMatch: aws.String("*")}))
	}, ""},
	"AbortMultipartUpload": {func(ctx context.Context, l *lossy) error {
		return only(l.AbortMultipartUpload(ctx, &awss3.AbortMultipartUploadInput{Bucket: lockedBucket, Key: partsKey, UploadId: &l.upload}))
	}, ""},
	"PutBucketVersioning": {func(ctx context.Context, l *lossy) error {
		return only(l.PutBucketVersioning(ctx, &awss3.PutBucketVersioningInput{Bucket: plainBucket, VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}}))
	}, ""},
	"PutBucketTagging": {func(ctx context.Context, l *lossy) error {
		return only(l.PutBucketTagging(ctx, &awss3.PutBucketTaggingInput{Bucket: plainBucket, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: someKey, Value: someKey}}}}))
	}, ""},
	"DeleteBucketTagging": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteBucketTagging(ctx, &awss3.DeleteBucketTaggingInput{Bucket: plainBucket}))
	}, ""},
	"PutBucketEncryption": {func(ctx context.Context, l *lossy) error {
		return only(l.PutBucketEncryption(ctx, &awss3.PutBucketEncryptionInput{Bucket: plainBucket, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
			Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "AES256"}}},
		}}))
	}, ""},
	"DeleteBucketEncryption": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteBucketEncryption(ctx, &awss3.DeleteBucketEncryptionInput{Bucket: plainBucket}))
	}, ""},
	"PutObjectLockConfiguration": {func(ctx context.Context, l *lossy) error {
		return only(l.PutObjectLockConfiguration(ctx, &awss3.PutObjectLockConfigurationInput{Bucket: lockedBucket, ObjectLockConfiguration: &types.ObjectLockConfiguration{ObjectLockEnabled: "Enabled"}}))
	}, ""},
	"PutBucketPolicy": {func(ctx context.Context, l *lossy) error {
		return only(l.PutBucketPolicy(ctx, &awss3.PutBucketPolicyInput{Bucket: plainBucket, Policy: aws.String(`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::alice-home/*"}]}`)}))
	}, ""},
	"DeleteBucketPolicy": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteBucketPolicy(ctx, &awss3.DeleteBucketPolicyInput{Bucket: plainBucket}))
	}, ""},
	"PutBucketCors": {func(ctx context.Context, l *lossy) error {
		return only(l.PutBucketCors(ctx, &awss3.PutBucketCorsInput{Bucket: plainBucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{{AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"*"}}}}}))
	}, ""},
	"DeleteBucketCors": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteBucketCors(ctx, &awss3.DeleteBucketCorsInput{Bucket: plainBucket}))
	}, ""},
	"PutBucketLifecycleConfiguration": {func(ctx context.Context, l *lossy) error {
		return only(l.PutBucketLifecycleConfiguration(ctx, &awss3.PutBucketLifecycleConfigurationInput{Bucket: plainBucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{
			Rules: []types.LifecycleRule{{Status: "Enabled", Filter: &types.LifecycleRuleFilter{}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(1)}}},
		}}))
	}, ""},
	"DeleteBucketLifecycle": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteBucketLifecycle(ctx, &awss3.DeleteBucketLifecycleInput{Bucket: plainBucket}))
	}, ""},
	"PutBucketIntelligentTieringConfiguration": {func(ctx context.Context, l *lossy) error { return l.archive(ctx, "other") }, ""},
	"DeleteBucketIntelligentTieringConfiguration": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteBucketIntelligentTieringConfiguration(ctx, &awss3.DeleteBucketIntelligentTieringConfigurationInput{Bucket: plainBucket, Id: aws.String("archive")}))
	}, "NoSuchConfiguration"},
	"PutPublicAccessBlock": {func(ctx context.Context, l *lossy) error {
		return only(l.PutPublicAccessBlock(ctx, &awss3.PutPublicAccessBlockInput{Bucket: plainBucket, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{}}))
	}, ""},
	"DeletePublicAccessBlock": {func(ctx context.Context, l *lossy) error {
		return only(l.DeletePublicAccessBlock(ctx, &awss3.DeletePublicAccessBlockInput{Bucket: plainBucket}))
	}, ""},
	"PutBucketOwnershipControls": {func(ctx context.Context, l *lossy) error {
		return only(l.PutBucketOwnershipControls(ctx, &awss3.PutBucketOwnershipControlsInput{Bucket: plainBucket, OwnershipControls: ownedBy(types.ObjectOwnershipObjectWriter)}))
	}, ""},
	"DeleteBucketOwnershipControls": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteBucketOwnershipControls(ctx, &awss3.DeleteBucketOwnershipControlsInput{Bucket: plainBucket}))
	}, ""},
	"PutBucketNotificationConfiguration": {func(ctx context.Context, l *lossy) error {
		return only(l.PutBucketNotificationConfiguration(ctx, &awss3.PutBucketNotificationConfigurationInput{Bucket: plainBucket, NotificationConfiguration: &types.NotificationConfiguration{}}))
	}, ""},
	"PutBucketAcl": {func(ctx context.Context, l *lossy) error {
		return only(l.PutBucketAcl(ctx, &awss3.PutBucketAclInput{Bucket: plainBucket, ACL: "private"}))
	}, ""},
	"PutObjectAcl": {func(ctx context.Context, l *lossy) error {
		return only(l.PutObjectAcl(ctx, &awss3.PutObjectAclInput{Bucket: plainBucket, Key: someKey, ACL: "private"}))
	}, ""},
	"PutObjectTagging": {func(ctx context.Context, l *lossy) error {
		return only(l.PutObjectTagging(ctx, &awss3.PutObjectTaggingInput{Bucket: plainBucket, Key: someKey, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: someKey, Value: someKey}}}}))
	}, ""},
	"RestoreObject": {func(ctx context.Context, l *lossy) error {
		return only(l.RestoreObject(ctx, &awss3.RestoreObjectInput{Bucket: plainBucket, Key: aws.String("cold"), RestoreRequest: &types.RestoreRequest{Days: aws.Int32(1)}}))
	}, "RestoreAlreadyInProgress"},
	"DeleteObjectTagging": {func(ctx context.Context, l *lossy) error {
		return only(l.DeleteObjectTagging(ctx, &awss3.DeleteObjectTaggingInput{Bucket: plainBucket, Key: someKey}))
	}, ""},
	"PutObjectRetention": {func(ctx context.Context, l *lossy) error {
		return only(l.PutObjectRetention(ctx, &awss3.PutObjectRetentionInput{Bucket: lockedBucket, Key: someKey, Retention: l.retention()}))
	}, ""},
	"PutObjectLegalHold": {func(ctx context.Context, l *lossy) error {
		return only(l.PutObjectLegalHold(ctx, &awss3.PutObjectLegalHoldInput{Bucket: lockedBucket, Key: someKey, LegalHold: &types.ObjectLockLegalHold{Status: "ON"}}))
	}, ""},
}

// TestLostAnswers loses the answer to each operation that changes something: what the simulator tells a client that asks again is
// what S3 does.
func TestLostAnswers(t *testing.T) {
	left := slices.DeleteFunc(s3.Operations(), func(name string) bool {
		return strings.HasPrefix(name, "s3:Get") || strings.HasPrefix(name, "s3:Head") || strings.HasPrefix(name, "s3:List") ||
			name == "s3:Preflight" || name == "s3:PostObject" // which no client repeats
	})
	for name, test := range changes {
		operation, _, _ := strings.Cut(name, " ")
		left = slices.DeleteFunc(left, func(other string) bool { return other == "s3:"+operation })
		t.Run(name, func(t *testing.T) {
			c := start(t, twoAccounts())
			l := c.prepare(t)
			c.harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:" + operation}}, Times: 1, Fault: faults.Reset{At: faults.Download}})
			if err := test.call(t.Context(), l); errorCode(err) != test.code || test.code == "" && err != nil {
				t.Errorf("the second answer is %v, want %q", err, test.code)
			}
			if rule := c.Faults().List()[0]; rule.Injected != 1 || rule.Matched != 2 {
				t.Errorf("of %d answers %d were lost", rule.Matched, rule.Injected)
			}
		})
	}
	if len(left) > 0 {
		t.Errorf("not tried: %v", left)
	}
}

// prepare makes what the calls work on.
func (c *cloud) prepare(t *testing.T) *lossy {
	t.Helper()
	ctx := t.Context()
	l := &lossy{c.aws(aliceKey, "us-east-1", func(o *awss3.Options) {
		o.RetryMaxAttempts = 2
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = 2
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}), "", ""}
	_, err := l.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: aws.String("spare")})
	if err == nil {
		_, err = l.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: lockedBucket, ObjectLockEnabledForBucket: aws.Bool(true)})
	}
	for _, bucket := range []*string{plainBucket, lockedBucket} {
		if err == nil {
			_, err = l.PutObject(ctx, &awss3.PutObjectInput{Bucket: bucket, Key: someKey, Body: strings.NewReader("content")})
		}
	}
	if err == nil {
		_, err = l.PutObject(ctx, &awss3.PutObjectInput{Bucket: plainBucket, Key: aws.String("cold"), Body: strings.NewReader("content"), StorageClass: types.StorageClassGlacier})
	}
	if err == nil {
		err = l.archive(ctx, "archive")
	}
	if err != nil {
		t.Fatal(err)
	}
	upload, err := l.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: lockedBucket, Key: partsKey})
	if err != nil {
		t.Fatal(err)
	}
	l.upload = *upload.UploadId
	part, err := l.UploadPart(ctx, &awss3.UploadPartInput{Bucket: lockedBucket, Key: partsKey, UploadId: &l.upload, PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
	if err != nil {
		t.Fatal(err)
	}
	l.etag = *part.ETag
	return l
}

// TestMinioLosesAnswers stores an object in parts, copies and removes, and loses the answer to each request once.
func TestMinioLosesAnswers(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.minio(t, aliceKey, "us-east-1", func(o *minio.Options) { o.MaxRetries = 3 })
	lost := []string{"CreateBucket", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "CopyObject", "DeleteObject"}
	for _, operation := range lost {
		c.harm(t, faults.Rule{Name: strings.ToLower(operation), Match: faults.Match{Operations: []string{"s3:" + operation}}, Times: 1, Fault: faults.Reset{At: faults.Download}})
	}
	if err := client.MakeBucket(t.Context(), "fresh", minio.MakeBucketOptions{}); err != nil {
		t.Error(err)
	}
	data := content(6 << 20)
	if _, err := client.PutObject(t.Context(), "fresh", "k", bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{PartSize: 5 << 20, NumThreads: 1}); err != nil {
		t.Fatal(err)
	}
	if info, err := client.StatObject(t.Context(), "fresh", "k", minio.StatObjectOptions{}); err != nil || info.Size != int64(len(data)) {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := client.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: "fresh", Object: "copy"}, minio.CopySrcOptions{Bucket: "fresh", Object: "k"}); err != nil {
		t.Error(err)
	}
	if err := client.RemoveObject(t.Context(), "fresh", "k", minio.RemoveObjectOptions{}); err != nil {
		t.Error(err)
	}
	for _, rule := range c.Faults().List() {
		if rule.Injected != 1 {
			t.Errorf("%s: %d answers were lost", rule.Rule.Name, rule.Injected)
		}
	}
}

// TestEndedUploads asks for uploads that ended: what a repetition may be is answered again, after a restart too, and nothing else is.
func TestEndedUploads(t *testing.T) {
	config := twoAccounts()
	config.DataDir = t.TempDir()
	var l *lossy
	var first *awss3.CompleteMultipartUploadOutput
	complete := func(ctx context.Context) (*awss3.CompleteMultipartUploadOutput, error) {
		return l.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{Bucket: lockedBucket, Key: partsKey, UploadId: &l.upload, MultipartUpload: l.completed()})
	}
	t.Run("completed", func(t *testing.T) {
		c := start(t, config)
		l = c.prepare(t)
		var err error
		if first, err = complete(t.Context()); err != nil {
			t.Fatal(err)
		}
		part := "<Part><PartNumber>%d</PartNumber><ETag>" + l.etag + "</ETag></Part>"
		for _, test := range []struct {
			method, query, body string
			status              int
			code                string
		}{
			{http.MethodPost, "", fmt.Sprintf(part, 2), 404, "NoSuchUpload"},
			{http.MethodPost, "", fmt.Sprintf(part+part, 1, 2), 404, "NoSuchUpload"},
			{http.MethodGet, "", "", 404, "NoSuchUpload"},
			{http.MethodPut, "&partNumber=1", "part", 404, "NoSuchUpload"},
			{http.MethodDelete, "", "", 204, ""},
		} {
			body := test.body
			if test.method == http.MethodPost {
				body = "<CompleteMultipartUpload>" + body + "</CompleteMultipartUpload>"
			}
			checkStatus(t, c.send(t, aliceKey, "us-east-1", test.method, "/locked/parts?uploadId="+l.upload+test.query, body), test.status, test.code)
		}
	})
	t.Run("started again", func(t *testing.T) {
		l.Client = start(t, config).aws(aliceKey, "us-east-1")
		again, err := complete(t.Context())
		if err != nil || *again.ETag != *first.ETag || *again.VersionId != *first.VersionId {
			t.Errorf("%+v, %v, first %+v", again, err, first)
		}
	})
}
