package s3_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/notification"

	"github.com/velero-locations/velero-locations/simulator/s3/events"
)

const queueARN, topicARN = "arn:aws:sqs:us-east-1:111111111111:queue", "arn:aws:sns:us-east-1:111111111111:topic"

// webhook is a server that keeps what it is sent, and fails as often as it is told to.
type webhook struct {
	*httptest.Server
	received chan events.Content
}

func newWebhook(t *testing.T, failures int) *webhook {
	t.Helper()
	w := &webhook{received: make(chan events.Content, 100)}
	w.Server = httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if failures > 0 {
			failures--
			http.Redirect(answer, r, "/elsewhere", http.StatusTemporaryRedirect) // which must not be followed
			return
		}
		var content events.Content
		if err := json.NewDecoder(r.Body).Decode(&content); err != nil || r.URL.Path != "/" {
			t.Errorf("%s was sent %+v, %v", r.URL, content, err)
		}
		w.received <- content
	}))
	t.Cleanup(w.Close)
	return w
}

// next returns the next message, which must come soon.
func (w *webhook) next(t *testing.T) events.Content {
	t.Helper()
	select {
	case content := <-w.received:
		return content
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
		return events.Content{}
	}
}

// notified starts a cloud in which a queue has a webhook, and a topic has none.
func notified(t *testing.T, failures int) (*cloud, *webhook) {
	t.Helper()
	hook := newWebhook(t, failures)
	config := twoAccounts()
	config.S3.Notifications = []events.Destination{{ARN: queueARN, Webhook: hook.URL}, {ARN: topicARN}}
	return start(t, config), hook
}

func summary(content events.Content) string {
	if len(content.Records) != 1 {
		return content.Event
	}
	r := content.Records[0]
	return fmt.Sprintf("%s %s %d", r.Name, r.S3.Object.Key, r.S3.Object.Size)
}

// TestNotifications has minio-go configure a webhook, which fails at first, and does everything that it is told of.
func TestNotifications(t *testing.T) {
	c, hook := notified(t, 2)
	client, sdk := c.minio(t, aliceKey, "us-east-1"), c.aws(aliceKey, "us-east-1")
	queue := notification.NewConfig(notification.NewArn("aws", "sqs", "us-east-1", alice, "queue"))
	queue.AddEvents(notification.ObjectCreatedAll, notification.ObjectRemovedAll, "s3:ObjectTagging:*", "s3:ObjectRestore:*")
	queue.AddFilterPrefix("team/")
	var config notification.Configuration
	config.AddQueue(queue)
	if err := client.SetBucketNotification(t.Context(), "alice-home", config); err != nil {
		t.Fatal(err)
	}
	if shown, err := client.GetBucketNotification(t.Context(), "alice-home"); err != nil || len(shown.QueueConfigs) != 1 ||
		shown.QueueConfigs[0].Queue != queueARN || len(shown.QueueConfigs[0].Events) != 4 || shown.QueueConfigs[0].Filter.S3Key.FilterRules[0].Value != "team/" {
		t.Errorf("%+v, %v", shown, err)
	}
	if first := hook.next(t); first.Event != "s3:TestEvent" || first.Bucket != "alice-home" || first.RequestID == "" {
		t.Errorf("%+v", first)
	}
	done := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key := aws.String("team/a key+ä")
	put := func(key string, class types.StorageClass) {
		t.Helper()
		done(sdk.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: plainBucket, Key: &key, Body: strings.NewReader("hello"), StorageClass: class}))
	}
	put("other/k", "")
	put(*key, "")
	put("team/cold", types.StorageClassGlacier)
	done(client.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: "alice-home", Object: "team/copy"}, minio.CopySrcOptions{Bucket: "alice-home", Object: "other/k"}))
	upload, err := sdk.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: plainBucket, Key: aws.String("team/parts")})
	done(upload, err)
	part, err := sdk.UploadPart(t.Context(), &awss3.UploadPartInput{Bucket: plainBucket, Key: aws.String("team/parts"), UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
	done(part, err)
	for range 2 { // it was done once
		done(sdk.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{
			Bucket: plainBucket, Key: aws.String("team/parts"), UploadId: upload.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}},
		}))
	}
	done(sdk.RestoreObject(t.Context(), &awss3.RestoreObjectInput{Bucket: plainBucket, Key: aws.String("team/cold"), RestoreRequest: &types.RestoreRequest{Days: aws.Int32(1)}}))
	done(sdk.PutObjectTagging(t.Context(), &awss3.PutObjectTaggingInput{Bucket: plainBucket, Key: key, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}}))
	done(sdk.DeleteObjectTagging(t.Context(), &awss3.DeleteObjectTaggingInput{Bucket: plainBucket, Key: key}))
	done(sdk.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: plainBucket, Key: key}))
	done(sdk.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{Bucket: plainBucket, VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}}))
	done(sdk.DeleteObjects(t.Context(), &awss3.DeleteObjectsInput{Bucket: plainBucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("team/copy")}}}}))
	if err := client.RemoveAllBucketNotification(t.Context(), "alice-home"); err != nil {
		t.Fatal(err)
	}
	put("team/late", "")

	var got []string
	var sequencers []string
	for range 9 {
		content := hook.next(t)
		got = append(got, summary(content))
		record := content.Records[0]
		sequencers = append(sequencers, record.S3.Object.Sequencer)
		if record.Version != "2.1" || record.Source != "aws:s3" || record.Region != "us-east-1" || record.S3.Bucket.ARN != "arn:aws:s3:::alice-home" ||
			record.UserIdentity.PrincipalID != "AWS:"+aliceKey.ID || record.RequestParameters["sourceIPAddress"] != "127.0.0.1" ||
			strings.HasPrefix(record.Name, "ObjectCreated") && record.S3.Object.ETag == "" {
			t.Errorf("%+v", record)
		}
	}
	want := []string{
		"ObjectCreated:Put team/a+key%2B%C3%A4 5", "ObjectCreated:Put team/cold 5", "ObjectCreated:Copy team/copy 5",
		"ObjectCreated:CompleteMultipartUpload team/parts 4", "ObjectRestore:Post team/cold 5",
		"ObjectTagging:Put team/a+key%2B%C3%A4 5", "ObjectTagging:Delete team/a+key%2B%C3%A4 5",
		"ObjectRemoved:Delete team/a+key%2B%C3%A4 0", "ObjectRemoved:DeleteMarkerCreated team/copy 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !slices.IsSorted(sequencers) {
		t.Errorf("out of order: %q", sequencers)
	}
	if all := c.Events().Messages(0, 0); len(all) != 1+len(want) {
		t.Errorf("%d messages were sent: %+v", len(all), all)
	}
}

// TestNotificationsOfLifecycle tells of what the rules of a bucket do, and keeps messages without a webhook.
func TestNotificationsOfLifecycle(t *testing.T) {
	c, _ := notified(t, 0)
	client := c.patient()
	if err := only(client.PutBucketNotificationConfiguration(t.Context(), &awss3.PutBucketNotificationConfigurationInput{
		Bucket: plainBucket, SkipDestinationValidation: aws.Bool(true), NotificationConfiguration: &types.NotificationConfiguration{
			TopicConfigurations: []types.TopicConfiguration{{TopicArn: aws.String(topicARN), Events: []types.Event{"s3:LifecycleExpiration:*", "s3:LifecycleTransition"}}},
		},
	})); err != nil {
		t.Fatal(err)
	}
	if err := only(client.PutBucketLifecycleConfiguration(t.Context(), &awss3.PutBucketLifecycleConfigurationInput{
		Bucket: plainBucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
			Status: "Enabled", Filter: byPrefix(""), Expiration: inDays(3),
			Transitions: []types.Transition{{Days: aws.Int32(1), StorageClass: types.TransitionStorageClassGlacier}},
		}}},
		TransitionDefaultMinimumObjectSize: "varies_by_storage_class",
	})); err != nil {
		t.Fatal(err)
	}
	if err := only(client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: plainBucket, Key: someKey, Body: strings.NewReader("hello")})); err != nil {
		t.Fatal(err)
	}
	if err := c.Clock().Advance(5 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := only(client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: plainBucket})); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, message := range c.Events().Messages(0, 0) {
		got = append(got, summary(message.Body))
	}
	if want := []string{"LifecycleTransition k 5", "LifecycleExpiration:Delete k 5"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if first := c.Events().Messages(0, 1); len(first) != 1 || first[0].Sequence != 1 || first[0].Destination != topicARN {
		t.Errorf("%+v", first)
	}
	if err := c.Reset(); err != nil {
		t.Fatal(err)
	}
	shown, err := c.patient().GetBucketNotificationConfiguration(t.Context(), &awss3.GetBucketNotificationConfigurationInput{Bucket: plainBucket})
	if err != nil || len(shown.TopicConfigurations) > 0 || len(c.Events().Messages(0, 0)) > 0 {
		t.Errorf("after a reset: %+v, %v", shown, err)
	}
}

// TestNotificationsOfRestores tells of copies of archived objects when they are there, and when they are gone again, once and in order,
// however far the clock is moved.
func TestNotificationsOfRestores(t *testing.T) {
	for name, steps := range map[string][]time.Duration{"at once": {100 * time.Hour}, "step by step": {5 * time.Hour, 10 * time.Hour, 60 * time.Hour, 25 * time.Hour}} {
		t.Run(name, func(t *testing.T) {
			c, _ := notified(t, 0)
			client := c.patient()
			configure(t, client, "s3:ObjectRestore:*")
			for _, restored := range []struct {
				key   string
				class types.StorageClass
				tier  types.Tier
			}{{"slow", types.StorageClassDeepArchive, types.TierStandard}, {"fast", types.StorageClassGlacier, types.TierStandard}, {"not restored", types.StorageClassGlacier, ""}} {
				put(t, client, restored.key, restored.class)
				if restored.tier == "" {
					continue
				}
				if err := only(client.RestoreObject(t.Context(), &awss3.RestoreObjectInput{Bucket: plainBucket, Key: &restored.key, RestoreRequest: &types.RestoreRequest{
					Days: aws.Int32(1), GlacierJobParameters: &types.GlacierJobParameters{Tier: restored.tier},
				}})); err != nil {
					t.Fatal(err)
				}
			}
			for _, step := range steps {
				if err := c.Clock().Advance(step); err != nil {
					t.Fatal(err)
				}
				for range 2 { // what was told is not told again
					if err := only(client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: plainBucket})); err != nil {
						t.Fatal(err)
					}
				}
			}
			var got []string
			for _, message := range c.Events().Messages(0, 0) {
				record := message.Body.Records[0]
				got = append(got, record.Name+" "+record.S3.Object.Key)
				completed := record.Name == "ObjectRestore:Completed"
				if completed != (record.Glacier != nil) || completed && (record.Glacier.Restore.StorageClass == "" || record.Glacier.Restore.Expiry == "") {
					t.Errorf("%s: %+v", record.Name, record.Glacier)
				}
			}
			want := []string{
				"ObjectRestore:Post slow", "ObjectRestore:Post fast", "ObjectRestore:Completed fast", "ObjectRestore:Completed slow",
				"ObjectRestore:Delete fast", "ObjectRestore:Delete slow",
			}
			if slices.Sort(got[min(4, len(got)):]); !slices.Equal(got, want) { // the copies may be gone at one midnight
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func configure(t *testing.T, client *awss3.Client, events ...types.Event) {
	t.Helper()
	if err := only(client.PutBucketNotificationConfiguration(t.Context(), &awss3.PutBucketNotificationConfigurationInput{
		Bucket: plainBucket, SkipDestinationValidation: aws.Bool(true), NotificationConfiguration: &types.NotificationConfiguration{
			TopicConfigurations: []types.TopicConfiguration{{TopicArn: aws.String(topicARN), Events: events}},
		},
	})); err != nil {
		t.Fatal(err)
	}
}

// TestNotificationsOfACLs tells of an ACL that was changed, and not of one that was set to what it was.
func TestNotificationsOfACLs(t *testing.T) {
	c, _ := notified(t, 0)
	client := c.aws(aliceKey, "us-east-1")
	enableACLs(t, client, types.ObjectOwnershipObjectWriter)
	configure(t, client, "s3:ObjectAcl:Put")
	put(t, client, "k", "")
	for _, canned := range []types.ObjectCannedACL{"private", "public-read", "public-read", "private"} {
		if err := only(client.PutObjectAcl(t.Context(), &awss3.PutObjectAclInput{Bucket: plainBucket, Key: someKey, ACL: canned})); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, message := range c.Events().Messages(0, 0) {
		got = append(got, summary(message.Body))
	}
	if want := []string{"ObjectAcl:Put k 1", "ObjectAcl:Put k 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNotificationsInState takes the notifications of a bucket to other simulators: one that has the destination posts messages to its own
// webhook, and one that does not keeps them. Messages themselves stay where they were sent.
func TestNotificationsInState(t *testing.T) {
	c, _ := notified(t, 0)
	configure(t, c.aws(aliceKey, "us-east-1"), "s3:ObjectCreated:*")
	put(t, c.aws(aliceKey, "us-east-1"), "before", "")
	var saved bytes.Buffer
	if err := c.SaveState(&saved); err != nil {
		t.Fatal(err)
	}
	hook := newWebhook(t, 0)
	config := twoAccounts()
	config.S3.Notifications = []events.Destination{{ARN: topicARN, Webhook: hook.URL}}
	for name, other := range map[string]*cloud{"with the destination": start(t, config), "without": start(t, twoAccounts())} {
		if err := other.LoadState(bytes.NewReader(saved.Bytes())); err != nil {
			t.Fatal(err)
		}
		put(t, other.aws(aliceKey, "us-east-1"), "after", "")
		kept := other.Events().Messages(0, 0)
		if len(kept) != 1 || kept[0].Destination != topicARN || summary(kept[0].Body) != "ObjectCreated:Put after 5" {
			t.Errorf("%s: %+v", name, kept)
		}
	}
	if got := summary(hook.next(t)); got != "ObjectCreated:Put after 5" {
		t.Errorf("posted: %s", got)
	}
}

// TestRefusedNotifications is the table of what cannot be configured.
func TestRefusedNotifications(t *testing.T) {
	c, _ := notified(t, 0)
	queue := func(inner string) string {
		return "<QueueConfiguration><Queue>" + queueARN + "</Queue>" + inner + "</QueueConfiguration>"
	}
	filter := func(name, value string) string {
		return "<FilterRule><Name>" + name + "</Name><Value>" + value + "</Value></FilterRule>"
	}
	const put = "<Event>s3:ObjectCreated:Put</Event>"
	for name, test := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"nothing":             {"", 200, ""},
		"prefixes apart":      {queue(put+"<Filter><S3Key>"+filter("prefix", "a")+"</S3Key></Filter>") + queue(put+"<Filter><S3Key>"+filter("Prefix", "b")+"</S3Key></Filter>"), 200, ""},
		"no event":            {queue(""), 400, "MalformedXML"},
		"event that is not":   {queue("<Event>s3:ObjectCreated:Guess</Event>"), 400, "InvalidArgument"},
		"filter that is not":  {queue(put + "<Filter><S3Key>" + filter("infix", "x") + "</S3Key></Filter>"), 400, "InvalidArgument"},
		"two prefixes":        {queue(put + "<Filter><S3Key>" + filter("prefix", "x") + filter("prefix", "y") + "</S3Key></Filter>"), 400, "InvalidArgument"},
		"unknown destination": {"<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:111111111111:another</Queue>" + put + "</QueueConfiguration>", 400, "InvalidArgument"},
		"one id twice":        {queue("<Id>x</Id>"+put) + queue("<Id>x</Id><Event>s3:ObjectRemoved:*</Event>"), 400, "InvalidArgument"},
		"overlap":             {queue(put) + queue("<Event>s3:ObjectCreated:*</Event><Filter><S3Key>"+filter("suffix", ".gz")+"</S3Key></Filter>"), 400, "InvalidArgument"},
		"EventBridge":         {"<EventBridgeConfiguration/>", 501, "NotImplemented"},
	} {
		t.Run(name, func(t *testing.T) {
			body := "<NotificationConfiguration>" + test.body + "</NotificationConfiguration>"
			checkStatus(t, c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home?notification", body), test.status, test.code)
		})
	}
}
