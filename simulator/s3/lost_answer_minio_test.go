package s3_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/cors"
	"github.com/minio/minio-go/v7/pkg/lifecycle"
	"github.com/minio/minio-go/v7/pkg/notification"
	"github.com/minio/minio-go/v7/pkg/sse"
	"github.com/minio/minio-go/v7/pkg/tags"
)

// text is a parameter that is one, or is not there.
func (a apiCall) text(name string) string {
	value, _ := a.Parameters[name].(string)
	return value
}

func (a apiCall) writeOptions() (o minio.PutObjectOptions) {
	if a.text("IfNoneMatch") != "" {
		o.SetMatchETagExcept("*")
	}
	if etag := a.text("IfMatch"); etag != "" {
		o.SetMatchETag(etag)
	}
	return o
}

// source is the bucket and the key of what is copied.
func (a apiCall) source() (bucket, key string) {
	bucket, key, _ = strings.Cut(a.text("CopySource"), "/")
	return bucket, key
}

// minioOperations make the calls of the table in the words of minio-go, with its bucket and key; settings are as in the table.
var minioOperations = map[string]func(context.Context, *minio.Core, apiCall, string, string) error{
	"CreateBucket": func(ctx context.Context, c *minio.Core, a apiCall, bucket, _ string) error {
		var o minio.MakeBucketOptions
		if a.Parameters["CreateBucketConfiguration"] != nil {
			o.Region = "eu-west-1"
		}
		return c.MakeBucket(ctx, bucket, o)
	},
	"DeleteBucket": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.RemoveBucket(ctx, bucket)
	},
	"PutObject": func(ctx context.Context, c *minio.Core, a apiCall, bucket, key string) error {
		body := a.text("Body")
		return only(c.Client.PutObject(ctx, bucket, key, strings.NewReader(body), int64(len(body)), a.writeOptions()))
	},
	"CopyObject": func(ctx context.Context, c *minio.Core, a apiCall, bucket, key string) error {
		from, name := a.source()
		return only(c.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: key}, minio.CopySrcOptions{Bucket: from, Object: name}))
	},
	"DeleteObject": func(ctx context.Context, c *minio.Core, a apiCall, bucket, key string) error {
		return c.RemoveObject(ctx, bucket, key, minio.RemoveObjectOptions{VersionID: a.text("VersionId")})
	},
	"DeleteObjects": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		keys := []string{"k"}
		if bucket == *plainBucket {
			keys = append(keys, "cold")
		}
		for failed := range c.RemoveObjects(ctx, bucket, sendKeys(keys...), minio.RemoveObjectsOptions{}) {
			return failed.Err
		}
		return nil
	},
	"CreateMultipartUpload": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, key string) error {
		return only(c.NewMultipartUpload(ctx, bucket, key, minio.PutObjectOptions{}))
	},
	"UploadPart": func(ctx context.Context, c *minio.Core, a apiCall, bucket, key string) error {
		body := a.text("Body")
		return only(c.PutObjectPart(ctx, bucket, key, a.text("UploadId"), 1, strings.NewReader(body), int64(len(body)), minio.PutObjectPartOptions{}))
	},
	"UploadPartCopy": func(ctx context.Context, c *minio.Core, a apiCall, bucket, key string) error {
		from, name := a.source()
		return only(c.CopyObjectPart(ctx, from, name, bucket, key, a.text("UploadId"), 2, 0, -1, nil))
	},
	"CompleteMultipartUpload": func(ctx context.Context, c *minio.Core, a apiCall, bucket, key string) error {
		parts, err := c.ListObjectParts(ctx, bucket, key, a.text("UploadId"), 0, 1)
		if err != nil {
			return err
		}
		return only(c.CompleteMultipartUpload(ctx, bucket, key, a.text("UploadId"), []minio.CompletePart{{PartNumber: 1, ETag: parts.ObjectParts[0].ETag}}, a.writeOptions()))
	},
	"AbortMultipartUpload": func(ctx context.Context, c *minio.Core, a apiCall, bucket, key string) error {
		return c.AbortMultipartUpload(ctx, bucket, key, a.text("UploadId"))
	},
	"PutBucketVersioning": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.EnableVersioning(ctx, bucket)
	},
	"PutBucketTagging": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		set, err := tags.NewTags(map[string]string{"k": "v"}, false)
		if err != nil {
			return err
		}
		return c.SetBucketTagging(ctx, bucket, set)
	},
	"DeleteBucketTagging": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.RemoveBucketTagging(ctx, bucket)
	},
	"PutBucketEncryption": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.SetBucketEncryption(ctx, bucket, sse.NewConfigurationSSES3())
	},
	"DeleteBucketEncryption": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.RemoveBucketEncryption(ctx, bucket)
	},
	"PutObjectLockConfiguration": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		mode, days, unit := minio.Governance, uint(1), minio.Days
		return c.SetObjectLockConfig(ctx, bucket, &mode, &days, &unit)
	},
	"PutBucketPolicy": func(ctx context.Context, c *minio.Core, a apiCall, bucket, _ string) error {
		return c.SetBucketPolicy(ctx, bucket, a.text("Policy"))
	},
	"DeleteBucketPolicy": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.SetBucketPolicy(ctx, bucket, "")
	},
	"PutBucketCors": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.SetBucketCors(ctx, bucket, cors.NewConfig([]cors.Rule{{AllowedMethod: []string{"GET"}, AllowedOrigin: []string{"*"}}}))
	},
	"DeleteBucketCors": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.SetBucketCors(ctx, bucket, nil)
	},
	"PutBucketLifecycleConfiguration": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.SetBucketLifecycle(ctx, bucket, &lifecycle.Configuration{Rules: []lifecycle.Rule{
			{ID: "rule", Status: "Enabled", RuleFilter: lifecycle.Filter{Prefix: "logs/"}, Expiration: lifecycle.Expiration{Days: 1}},
		}})
	},
	"DeleteBucketLifecycle": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		return c.SetBucketLifecycle(ctx, bucket, lifecycle.NewConfiguration())
	},
	"PutBucketNotificationConfiguration": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, _ string) error {
		arn, err := notification.NewArnFromString(topicARN)
		if err != nil {
			return err
		}
		topic := notification.NewConfig(arn)
		topic.ID = "all"
		topic.AddEvents(notification.ObjectCreatedAll)
		var all notification.Configuration
		all.AddTopic(topic)
		return c.SetBucketNotification(ctx, bucket, all)
	},
	"PutObjectTagging": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, key string) error {
		set, err := tags.NewTags(map[string]string{"k": "v"}, true)
		if err != nil {
			return err
		}
		return c.PutObjectTagging(ctx, bucket, key, set, minio.PutObjectTaggingOptions{})
	},
	"DeleteObjectTagging": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, key string) error {
		return c.RemoveObjectTagging(ctx, bucket, key, minio.RemoveObjectTaggingOptions{})
	},
	"RestoreObject": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, key string) error {
		var request minio.RestoreRequest
		request.SetDays(1)
		return c.RestoreObject(ctx, bucket, key, "", request)
	},
	"PutObjectRetention": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, key string) error {
		mode, until := minio.Governance, time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
		return c.PutObjectRetention(ctx, bucket, key, minio.PutObjectRetentionOptions{Mode: &mode, RetainUntilDate: &until})
	},
	"PutObjectLegalHold": func(ctx context.Context, c *minio.Core, _ apiCall, bucket, key string) error {
		on := minio.LegalHoldEnabled
		return c.PutObjectLegalHold(ctx, bucket, key, minio.PutObjectLegalHoldOptions{Status: &on})
	},
}

// minioLacks knows what minio-go has no call for.
func minioLacks(call apiCall) bool {
	switch call.Operation {
	case "PutBucketIntelligentTieringConfiguration", "DeleteBucketIntelligentTieringConfiguration", "PutPublicAccessBlock", "DeletePublicAccessBlock",
		"PutBucketOwnershipControls", "DeleteBucketOwnershipControls", "PutBucketAcl", "PutObjectAcl":
		return true
	case "DeleteObject":
		return call.Parameters["IfMatch"] != nil
	}
	return false
}

func minioCalls(t *testing.T, calls []apiCall) (codes []*string) {
	t.Helper()
	for _, call := range calls {
		send := minioOperations[call.Operation]
		if send == nil || minioLacks(call) {
			codes = append(codes, nil)
			continue
		}
		client := minio.Core{Client: call.cloud.minio(t, aliceKey, "us-east-1", func(o *minio.Options) { o.MaxRetries = 3 })}
		codes = append(codes, new(codeOf(send(t.Context(), &client, call, call.text("Bucket"), call.text("Key")))))
	}
	return codes
}
