package s3_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator"
)

// noon is a time at which tests begin whose clock is moved.
var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// startAt starts a simulator whose clock shows a time, and stands still until the test moves it.
func startAt(t *testing.T, config simulator.Config, now *time.Time) *cloud {
	t.Helper()
	return start(t, config, simulator.WithClock(func() time.Time { return *now }))
}

// patient is a client that learns from the first answer that its clock is wrong, and asks again.
func (c *cloud) patient() *awss3.Client {
	return c.aws(aliceKey, "us-east-1", func(o *awss3.Options) {
		o.RetryMaxAttempts = 2
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
}

func put(t *testing.T, client *awss3.Client, key string, class types.StorageClass, edit ...func(*awss3.PutObjectInput)) *awss3.PutObjectOutput {
	t.Helper()
	in := &awss3.PutObjectInput{Bucket: plainBucket, Key: &key, Body: strings.NewReader(key), StorageClass: class}
	for _, e := range edit {
		e(in)
	}
	out, err := client.PutObject(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRestore restores an object from each archive with each tier, and looks at it before, meanwhile and afterwards.
func TestRestore(t *testing.T) {
	for _, test := range []struct {
		class types.StorageClass
		tier  types.Tier
		takes time.Duration
		until time.Time
	}{
		{types.StorageClassGlacier, types.TierExpedited, 5 * time.Minute, time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC)},
		{types.StorageClassGlacier, types.TierStandard, 5 * time.Hour, time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC)},
		{types.StorageClassGlacier, "", 5 * time.Hour, time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC)},
		{types.StorageClassGlacier, types.TierBulk, 12 * time.Hour, time.Date(2026, 12, 4, 0, 0, 0, 0, time.UTC)},
		{types.StorageClassDeepArchive, types.TierStandard, 12 * time.Hour, time.Date(2026, 12, 4, 0, 0, 0, 0, time.UTC)},
		{types.StorageClassDeepArchive, types.TierBulk, 48 * time.Hour, time.Date(2026, 12, 5, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(string(test.class)+" "+string(test.tier), func(t *testing.T) {
			now := noon
			config := twoAccounts()
			config.DataDir = t.TempDir()
			r := &restorer{cloud: startAt(t, config, &now), t: t}
			put(t, r.patient(), "k", test.class)
			r.expect("InvalidObjectState", "", "")
			r.restore(2, test.tier, http.StatusAccepted)
			r.expect("InvalidObjectState", `ongoing-request="true"`, "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>")
			r.restore(2, test.tier, http.StatusConflict)
			now = now.Add(test.takes - time.Second)
			r.expect("InvalidObjectState", `ongoing-request="true"`, "")
			now = now.Add(time.Second)
			expiry := test.until.Format(http.TimeFormat)
			r.expect("", `ongoing-request="false", expiry-date="`+expiry+`"`,
				"<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>"+test.until.Format("2006-01-02T15:04:05.000Z")+"</RestoreExpiryDate></RestoreStatus>")
			now = test.until.Add(-time.Second)
			r.expect("", `ongoing-request="false", expiry-date="`+expiry+`"`, "")
			now = test.until
			r.expect("InvalidObjectState", "", "")
			r.restore(1, test.tier, http.StatusAccepted)
		})
	}
}

// restorer looks at alice-home/k.
type restorer struct {
	*cloud
	t *testing.T
}

func (r *restorer) restore(days int32, tier types.Tier, status int) {
	r.t.Helper()
	request := &types.RestoreRequest{Days: &days}
	if tier != "" {
		request.GlacierJobParameters = &types.GlacierJobParameters{Tier: tier}
	}
	out, err := r.patient().RestoreObject(r.t.Context(), &awss3.RestoreObjectInput{Bucket: plainBucket, Key: someKey, RestoreRequest: request})
	if err != nil {
		if status != http.StatusConflict || errorCode(err) != "RestoreAlreadyInProgress" {
			r.t.Errorf("restoring: %v, want %d", err, status)
		}
		return
	}
	if response, is := middleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); !is || response.StatusCode != status {
		r.t.Errorf("restoring: %v, want %d", response, status)
	}
}

// expect compares how the object is read and copied, and what is said of its copy.
func (r *restorer) expect(code, restore, listed string) {
	r.t.Helper()
	client := r.patient()
	got, err := client.GetObject(r.t.Context(), &awss3.GetObjectInput{Bucket: plainBucket, Key: someKey})
	if errorCode(err) != code || err == nil && aws.ToString(got.Restore) != restore {
		r.t.Errorf("read: %v, want %q; %q, want %q", err, code, aws.ToString(got.Restore), restore)
	}
	if _, err := client.CopyObject(r.t.Context(), &awss3.CopyObjectInput{Bucket: plainBucket, Key: aws.String("copy"), CopySource: aws.String("alice-home/k")}); errorCode(err) != code {
		r.t.Errorf("copied: %v, want %q", err, code)
	}
	head, err := client.HeadObject(r.t.Context(), &awss3.HeadObjectInput{Bucket: plainBucket, Key: someKey})
	if err != nil || aws.ToString(head.Restore) != restore {
		r.t.Errorf("head: %q, want %q, %v", aws.ToString(head.Restore), restore, err)
	}
	listing, err := client.ListObjectsV2(r.t.Context(), &awss3.ListObjectsV2Input{
		Bucket: plainBucket, Prefix: someKey, OptionalObjectAttributes: []types.OptionalObjectAttributes{types.OptionalObjectAttributesRestoreStatus},
	})
	if err != nil || len(listing.Contents) != 1 || listed != "" && (listing.Contents[0].RestoreStatus == nil || xmlOf(listing.Contents[0].RestoreStatus) != listed) {
		r.t.Errorf("listed: %v %v, want %s", listing, err, listed)
	}
}

func xmlOf(status *types.RestoreStatus) string {
	out := "<RestoreStatus><IsRestoreInProgress>" + map[bool]string{true: "true", false: "false"}[aws.ToBool(status.IsRestoreInProgress)] + "</IsRestoreInProgress>"
	if status.RestoreExpiryDate != nil {
		out += "<RestoreExpiryDate>" + status.RestoreExpiryDate.Format("2006-01-02T15:04:05.000Z") + "</RestoreExpiryDate>"
	}
	return out + "</RestoreStatus>"
}

// TestRestoreAgain speeds up what is under way, and keeps for longer what is there.
func TestRestoreAgain(t *testing.T) {
	now := noon
	r := &restorer{cloud: startAt(t, twoAccounts(), &now), t: t}
	put(t, r.patient(), "k", types.StorageClassGlacier)
	r.restore(1, types.TierBulk, http.StatusAccepted)
	r.restore(1, types.TierExpedited, http.StatusAccepted)
	r.restore(1, types.TierStandard, http.StatusConflict)
	now = now.Add(5 * time.Minute)
	r.expect("", `ongoing-request="false", expiry-date="Wed, 02 Dec 2026 00:00:00 GMT"`, "")
	r.restore(10, types.TierBulk, http.StatusOK)
	r.expect("", `ongoing-request="false", expiry-date="Fri, 11 Dec 2026 00:00:00 GMT"`, "")
	put(t, r.patient(), "k", types.StorageClassDeepArchive)
	r.expect("InvalidObjectState", "", "")
}

// TestRestoreRefused sends requests that S3 refuses.
func TestRestoreRefused(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.patient()
	for key, class := range map[string]types.StorageClass{"warm": types.StorageClassStandardIa, "instant": types.StorageClassGlacierIr, "cold": types.StorageClassGlacier, "deep": types.StorageClassDeepArchive} {
		put(t, client, key, class)
	}
	for _, test := range []struct {
		key, body string
		status    int
		want      string
	}{
		{"warm", "<Days>1</Days>", 403, "<Code>InvalidObjectState</Code><Message>Restore is not allowed for the object's current storage class</Message><StorageClass>STANDARD_IA</StorageClass>"},
		{"instant", "<Days>1</Days>", 403, "InvalidObjectState"},
		{"none", "<Days>1</Days>", 404, "NoSuchKey"},
		{"cold", "", 400, "MalformedXML"},
		{"cold", "<Days>x</Days>", 400, "MalformedXML"},
		{"cold", "<Days>0</Days>", 400, "InvalidArgument"},
		{"cold", "<Days>1</Days><GlacierJobParameters><Tier>Fast</Tier></GlacierJobParameters>", 400, "MalformedXML"},
		{"cold", "<Type>SELECT</Type><Days>1</Days>", 501, "NotImplemented"},
		{"deep", "<Days>1</Days><GlacierJobParameters><Tier>Expedited</Tier></GlacierJobParameters>", 400, "<Code>InvalidArgument</Code><Message>Retrieval option is not supported by this storage class</Message>"},
	} {
		response := c.send(t, aliceKey, "us-east-1", http.MethodPost, "/alice-home/"+test.key+"?restore", "<RestoreRequest>"+test.body+"</RestoreRequest>")
		checkAnswer(t, response, test.status, []string{test.want}, "us-east-1")
	}
	for _, key := range []string{"warm", "instant"} {
		if _, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: plainBucket, Key: &key}); err != nil {
			t.Errorf("%s is not readable: %v", key, err)
		}
	}
	created, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: plainBucket, Key: someKey, StorageClass: types.StorageClassGlacier})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UploadPartCopy(t.Context(), &awss3.UploadPartCopyInput{Bucket: plainBucket, Key: someKey, UploadId: created.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String("alice-home/cold")})
	if errorCode(err) != "InvalidObjectState" {
		t.Errorf("a part of an archived object: %v", err)
	}
	uploads, err := client.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: plainBucket})
	if err != nil || len(uploads.Uploads) != 1 || uploads.Uploads[0].StorageClass != types.StorageClassGlacier {
		t.Errorf("the upload is listed as %v, %v", uploads, err)
	}
	response := c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home/cold", "")
	checkAnswer(t, response, 403, []string{"<Code>InvalidObjectState</Code><Message>The operation is not valid for the object's storage class</Message><StorageClass>GLACIER</StorageClass>"}, "us-east-1")
}

// TestStorageClasses writes objects in each class, and has each place tell it.
func TestStorageClasses(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.minio(t, aliceKey, "us-east-1")
	for _, class := range []string{"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"} {
		if _, err := client.PutObject(t.Context(), "alice-home", class, strings.NewReader("x"), 1, minio.PutObjectOptions{StorageClass: class}); err != nil {
			t.Fatal(err)
		}
		stat, err := client.StatObject(t.Context(), "alice-home", class, minio.StatObjectOptions{})
		if got := stat.Metadata.Get("X-Amz-Storage-Class"); err != nil || (got != class) != (class == "STANDARD") {
			t.Errorf("%s: HEAD has %q, %v", class, got, err)
		}
		attributes, err := client.GetObjectAttributes(t.Context(), "alice-home", class, minio.ObjectAttributesOptions{})
		if err != nil || attributes.StorageClass != class {
			t.Errorf("%s: the attributes have %q, %v", class, attributes.StorageClass, err)
		}
	}
	for _, versions := range []bool{false, true} {
		for object := range client.ListObjects(t.Context(), "alice-home", minio.ListObjectsOptions{WithVersions: versions}) {
			if object.Err != nil || object.StorageClass != object.Key {
				t.Errorf("%s is listed with %q, %v", object.Key, object.StorageClass, object.Err)
			}
		}
	}
	for _, class := range []string{"COLD", "glacier", "EXPRESS_ONEZONE", "OUTPOSTS"} {
		response := c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home/k", "x", func(r *http.Request) { r.Header.Set("X-Amz-Storage-Class", class) })
		checkAnswer(t, response, 400, []string{"<Code>InvalidStorageClass</Code>", "<StorageClassRequested>" + class + "<"}, "us-east-1")
	}
	info, err := client.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: "alice-home", Object: "copy", ReplaceMetadata: true, UserMetadata: map[string]string{"x-amz-storage-class": "GLACIER"}}, minio.CopySrcOptions{Bucket: "alice-home", Object: "STANDARD_IA"})
	if err != nil || info.Size != 0 && info.Size != 1 {
		t.Fatal(info, err)
	}
	if stat, err := client.StatObject(t.Context(), "alice-home", "copy", minio.StatObjectOptions{}); err != nil || stat.Metadata.Get("X-Amz-Storage-Class") != "GLACIER" {
		t.Errorf("the copy has %q, %v", stat.Metadata.Get("X-Amz-Storage-Class"), err)
	}
}
