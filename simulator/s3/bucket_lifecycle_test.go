package s3_test

import (
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
	"github.com/minio/minio-go/v7/pkg/lifecycle"

	"github.com/velero-locations/velero-locations/simulator/control"
)

// aged is a bucket whose objects age by a clock that the control API moves.
type aged struct {
	*cloud
	*awss3.Client
	t       *testing.T
	control *control.Client
}

func newAged(t *testing.T, versioned bool, rules ...types.LifecycleRule) *aged {
	t.Helper()
	now := noon
	config := twoAccounts()
	config.DataDir = t.TempDir()
	c := startAt(t, config, &now)
	server := httptest.NewServer(c.ControlHandler())
	t.Cleanup(server.Close)
	a := &aged{cloud: c, Client: c.patient(), t: t, control: &control.Client{Address: server.URL}}
	if versioned {
		a.ok(only(a.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{Bucket: plainBucket, VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}})))
	}
	if len(rules) > 0 {
		a.configure(rules...)
	}
	return a
}

func (a *aged) ok(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *aged) configure(rules ...types.LifecycleRule) {
	a.t.Helper()
	for i := range rules {
		rules[i].ID, rules[i].Status = aws.String(fmt.Sprintf("rule-%d", i)), "Enabled"
		if rules[i].Filter == nil {
			rules[i].Filter = &types.LifecycleRuleFilter{}
		}
	}
	a.ok(only(a.PutBucketLifecycleConfiguration(a.t.Context(), &awss3.PutBucketLifecycleConfigurationInput{
		Bucket: plainBucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
	})))
}

// put writes objects, each with its key as the content.
func (a *aged) put(keys ...string) {
	a.t.Helper()
	for _, key := range keys {
		put(a.t, a.Client, key, "")
	}
}

// to moves the clock to noon of a day and a month, and compares all versions then.
func (a *aged) to(month time.Month, day int, want ...string) {
	a.t.Helper()
	year := 2026
	if month < time.November {
		year++
	}
	_, err := a.control.SetClock(a.t.Context(), time.Date(year, month, day, 12, 0, 0, 0, time.UTC))
	a.ok(err)
	var got []string
	page, err := a.ListObjectVersions(a.t.Context(), &awss3.ListObjectVersionsInput{Bucket: plainBucket})
	a.ok(err)
	for _, v := range page.Versions {
		got = append(got, *v.Key+" "+string(v.StorageClass)+map[bool]string{false: " noncurrent"}[*v.IsLatest])
	}
	for _, m := range page.DeleteMarkers {
		got = append(got, *m.Key+" marker of "+m.LastModified.Format(time.DateOnly)+map[bool]string{false: " noncurrent"}[*m.IsLatest])
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		a.t.Errorf("on %s: got %q, want %q", a.Clock().Now().Format(time.DateOnly), got, want)
	}
}

func byPrefix(prefix string) *types.LifecycleRuleFilter {
	return &types.LifecycleRuleFilter{Prefix: &prefix}
}

func inDays(days int32) *types.LifecycleExpiration { return &types.LifecycleExpiration{Days: &days} }

// TestLifecycleFilters expires objects by prefix, tag, size and several of these, after days and from a date on.
func TestLifecycleFilters(t *testing.T) {
	a := newAged(
		t, false,
		types.LifecycleRule{Filter: byPrefix("logs/"), Expiration: inDays(1)},
		types.LifecycleRule{Filter: &types.LifecycleRuleFilter{Tag: &types.Tag{Key: aws.String("keep"), Value: aws.String("no")}}, Expiration: inDays(2)},
		types.LifecycleRule{Filter: &types.LifecycleRuleFilter{ObjectSizeGreaterThan: aws.Int64(20)}, Expiration: inDays(3)},
		types.LifecycleRule{Filter: &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{
			Prefix: aws.String("both/"), ObjectSizeLessThan: aws.Int64(7), Tags: []types.Tag{{Key: aws.String("keep"), Value: aws.String("short")}},
		}}, Expiration: inDays(4)},
		types.LifecycleRule{Filter: byPrefix("dated/"), Expiration: &types.LifecycleExpiration{Date: aws.Time(time.Date(2026, 12, 7, 0, 0, 0, 0, time.UTC))}},
	)
	tagged := func(tags string) func(*awss3.PutObjectInput) {
		return func(in *awss3.PutObjectInput) { in.Tagging = &tags }
	}
	a.put("logs/a", "stays", "dated/a", strings.Repeat("x", 20), strings.Repeat("x", 21))
	put(t, a.Client, "tagged", "", tagged("keep=no"))
	put(t, a.Client, "other", "", tagged("keep=yes"))
	put(t, a.Client, "both/a", "", tagged("keep=short&more=tags"))
	put(t, a.Client, "both/ab", "", tagged("keep=short"))
	put(t, a.Client, "both/b", "")
	left := []string{"both/a STANDARD", "both/ab STANDARD", "both/b STANDARD", "dated/a STANDARD", "logs/a STANDARD", "other STANDARD", "stays STANDARD", "tagged STANDARD", strings.Repeat("x", 20) + " STANDARD", strings.Repeat("x", 21) + " STANDARD"}
	without := func(key string) []string {
		left = slices.DeleteFunc(left, func(s string) bool { return s == key+" STANDARD" })
		return left
	}
	a.to(12, 1, left...)
	a.to(12, 2, without("logs/a")...)
	a.to(12, 3, without("tagged")...)
	a.to(12, 4, without(strings.Repeat("x", 21))...)
	a.to(12, 5, without("both/a")...)
	a.to(12, 6, left...)
	a.to(12, 7, without("dated/a")...)
	a.put("dated/later")
	a.to(12, 8, left...)
	a.to(5, 1, left...)
}

// TestLifecycleTransitions takes objects through colder classes, but for those that are too small.
func TestLifecycleTransitions(t *testing.T) {
	a := newAged(t, false, types.LifecycleRule{
		Filter: byPrefix("large"), Expiration: inDays(365),
		Transitions: []types.Transition{
			{Days: aws.Int32(30), StorageClass: types.TransitionStorageClassStandardIa},
			{Days: aws.Int32(60), StorageClass: types.TransitionStorageClassGlacier},
			{Days: aws.Int32(90), StorageClass: types.TransitionStorageClassDeepArchive},
		},
	}, types.LifecycleRule{Filter: byPrefix("small"), Transitions: []types.Transition{{Days: aws.Int32(0), StorageClass: types.TransitionStorageClassGlacier}}},
		types.LifecycleRule{
			Filter:      &types.LifecycleRuleFilter{And: &types.LifecycleRuleAndOperator{Prefix: aws.String("any"), ObjectSizeGreaterThan: aws.Int64(0)}},
			Transitions: []types.Transition{{Days: aws.Int32(0), StorageClass: types.TransitionStorageClassGlacier}},
		})
	large := string(content(128 << 10))
	put(t, a.Client, "large", "", func(in *awss3.PutObjectInput) { in.Body = strings.NewReader(large) })
	put(t, a.Client, "large-cold", types.StorageClassDeepArchive, func(in *awss3.PutObjectInput) { in.Body = strings.NewReader(large) })
	a.put("small", "any")
	a.to(11, 30, "any STANDARD", "large STANDARD", "large-cold DEEP_ARCHIVE", "small STANDARD")
	a.to(12, 1, "any GLACIER", "large STANDARD", "large-cold DEEP_ARCHIVE", "small STANDARD")
	a.to(12, 31, "any GLACIER", "large STANDARD_IA", "large-cold DEEP_ARCHIVE", "small STANDARD")
	a.to(1, 30, "any GLACIER", "large GLACIER", "large-cold DEEP_ARCHIVE", "small STANDARD")
	if _, err := a.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: plainBucket, Key: aws.String("large")}); errorCode(err) != "InvalidObjectState" {
		t.Errorf("what became cold: %v", err)
	}
	a.ok(only(a.RestoreObject(t.Context(), &awss3.RestoreObjectInput{Bucket: plainBucket, Key: aws.String("large"), RestoreRequest: &types.RestoreRequest{Days: aws.Int32(100)}})))
	a.to(1, 31, "any GLACIER", "large GLACIER", "large-cold DEEP_ARCHIVE", "small STANDARD")
	a.ok(only(a.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: plainBucket, Key: aws.String("large")})))
	a.to(3, 1, "any GLACIER", "large DEEP_ARCHIVE", "large-cold DEEP_ARCHIVE", "small STANDARD")
	head, err := a.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: plainBucket, Key: aws.String("large")})
	if err != nil || head.Restore != nil || head.LastModified.Format(time.DateOnly) != "2026-11-30" {
		t.Errorf("%+v, %v", head, err)
	}
}

// TestLifecycleVersions hides, removes and tidies up versions; what is locked stays.
func TestLifecycleVersions(t *testing.T) {
	a := newAged(t, true, types.LifecycleRule{
		Filter: byPrefix("a"), Expiration: inDays(10), NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(5)},
	}, types.LifecycleRule{
		Filter: byPrefix("kept"), NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1), NewerNoncurrentVersions: aws.Int32(2)},
		Expiration: &types.LifecycleExpiration{ExpiredObjectDeleteMarker: aws.Bool(true)},
	})
	a.put("a", "kept", "kept", "kept", "kept")
	a.ok(only(a.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: plainBucket, Key: aws.String("kept-gone")})))
	kept := []string{"kept STANDARD", "kept STANDARD noncurrent", "kept STANDARD noncurrent"}
	a.to(11, 30, append([]string{"a STANDARD", "kept STANDARD noncurrent", "kept-gone marker of 2026-11-30"}, kept...)...)
	a.to(12, 1, append([]string{"a STANDARD", "kept STANDARD noncurrent"}, kept...)...)
	a.to(12, 2, append([]string{"a STANDARD"}, kept...)...)
	a.to(12, 11, append([]string{"a STANDARD noncurrent", "a marker of 2026-12-11"}, kept...)...)
	a.to(12, 16, append([]string{"a STANDARD noncurrent", "a marker of 2026-12-11"}, kept...)...)
	a.to(12, 17, append([]string{"a marker of 2026-12-11"}, kept...)...)
	a.to(12, 22, kept...)
}

func TestLifecycleLocks(t *testing.T) {
	a := newAged(t, true, types.LifecycleRule{NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(1)}})
	a.ok(only(a.PutObjectLockConfiguration(t.Context(), &awss3.PutObjectLockConfigurationInput{Bucket: plainBucket, ObjectLockConfiguration: &types.ObjectLockConfiguration{ObjectLockEnabled: "Enabled"}})))
	retained := put(t, a.Client, "retained", "", func(in *awss3.PutObjectInput) {
		in.ObjectLockMode, in.ObjectLockRetainUntilDate = "COMPLIANCE", aws.Time(time.Date(2026, 12, 9, 15, 0, 0, 0, time.UTC))
	})
	held := put(t, a.Client, "held", "", func(in *awss3.PutObjectInput) { in.ObjectLockLegalHoldStatus = "ON" })
	a.put("free", "free", "held", "retained")
	a.to(12, 2, "free STANDARD", "held STANDARD", "held STANDARD noncurrent", "retained STANDARD", "retained STANDARD noncurrent")
	a.to(12, 9, "free STANDARD", "held STANDARD", "held STANDARD noncurrent", "retained STANDARD", "retained STANDARD noncurrent")
	a.to(12, 10, "free STANDARD", "held STANDARD", "held STANDARD noncurrent", "retained STANDARD")
	a.ok(only(a.PutObjectLegalHold(t.Context(), &awss3.PutObjectLegalHoldInput{Bucket: plainBucket, Key: aws.String("held"), VersionId: held.VersionId, LegalHold: &types.ObjectLockLegalHold{Status: "OFF"}})))
	a.to(12, 11, "free STANDARD", "held STANDARD", "retained STANDARD")
	if _, err := a.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: plainBucket, Key: aws.String("retained"), VersionId: retained.VersionId}); err == nil {
		t.Error("the version that was retained is still there")
	}
}

// TestLifecycleTells looks at the headers that tell what rules will do.
func TestLifecycleTells(t *testing.T) {
	a := newAged(t, false, types.LifecycleRule{Expiration: inDays(20)}, types.LifecycleRule{Filter: byPrefix("k"), Expiration: inDays(10)},
		types.LifecycleRule{Filter: byPrefix("k"), AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)}})
	const expires = `expiry-date="Fri, 11 Dec 2026 00:00:00 GMT", rule-id="rule-1"`
	written := put(t, a.Client, "k", "")
	head, err := a.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: plainBucket, Key: someKey})
	a.ok(err)
	read, err := a.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: plainBucket, Key: someKey})
	a.ok(err)
	copied, err := a.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: plainBucket, Key: aws.String("copy"), CopySource: aws.String("alice-home/k")})
	a.ok(err)
	for what, got := range map[string]*string{"PUT": written.Expiration, "HEAD": head.Expiration, "GET": read.Expiration} {
		if aws.ToString(got) != expires {
			t.Errorf("%s: %q", what, aws.ToString(got))
		}
	}
	if got := aws.ToString(copied.Expiration); got != `expiry-date="Mon, 21 Dec 2026 00:00:00 GMT", rule-id="rule-0"` {
		t.Errorf("COPY: %q", got)
	}
	upload, err := a.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: plainBucket, Key: someKey})
	a.ok(err)
	other, err := a.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: plainBucket, Key: aws.String("other")})
	a.ok(err)
	aborts := time.Date(2026, 12, 8, 0, 0, 0, 0, time.UTC)
	if upload.AbortDate == nil || !upload.AbortDate.Equal(aborts) || *upload.AbortRuleId != "rule-2" || other.AbortDate != nil {
		t.Errorf("uploads: %+v, %+v", upload, other)
	}
	parts := func() error {
		listed, err := a.ListParts(t.Context(), &awss3.ListPartsInput{Bucket: plainBucket, Key: someKey, UploadId: upload.UploadId})
		if err == nil && (listed.AbortDate == nil || !listed.AbortDate.Equal(aborts)) {
			t.Errorf("parts: %+v", listed)
		}
		return err
	}
	a.to(12, 7, "copy STANDARD", "k STANDARD")
	a.ok(parts())
	a.to(12, 8, "copy STANDARD", "k STANDARD")
	if err := parts(); errorCode(err) != "NoSuchUpload" {
		t.Errorf("the upload is still there: %v", err)
	}
	a.ok(only(a.ListParts(t.Context(), &awss3.ListPartsInput{Bucket: plainBucket, Key: aws.String("other"), UploadId: other.UploadId})))
}

// TestLifecycleUnasked shows that a midnight that passes is noticed without the control API.
func TestLifecycleUnasked(t *testing.T) {
	now := noon
	c := startAt(t, twoAccounts(), &now)
	a := &aged{cloud: c, Client: c.patient(), t: t}
	a.configure(types.LifecycleRule{Expiration: inDays(1)})
	a.put("k")
	for _, want := range []string{"", "NoSuchKey"} {
		now = now.Add(18 * time.Hour)
		if _, err := a.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: plainBucket, Key: someKey}); errorCode(err) != want {
			t.Errorf("at %s: %v, want %q", now, err, want)
		}
	}
}

// TestLifecycleConfiguration reads back what was set, after a restart too, and with another client.
func TestLifecycleConfiguration(t *testing.T) {
	config := twoAccounts()
	config.DataDir = t.TempDir()
	const document = `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>old</ID><Prefix>a/</Prefix><Status>Disabled</Status>` +
		`<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>`
	t.Run("set", func(t *testing.T) {
		c := start(t, config)
		checkAnswer(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home?lifecycle", ""), 404, []string{"<Code>NoSuchLifecycleConfiguration<"}, "us-east-1")
		client, rules := c.minio(t, aliceKey, "us-east-1"), lifecycle.NewConfiguration()
		rules.Rules = []lifecycle.Rule{{Status: "Enabled", RuleFilter: lifecycle.Filter{Prefix: "logs/"}, Expiration: lifecycle.Expiration{Days: 3}}}
		if err := client.SetBucketLifecycle(t.Context(), "alice-home", rules); err != nil {
			t.Fatal(err)
		}
		got, err := client.GetBucketLifecycle(t.Context(), "alice-home")
		if err != nil || len(got.Rules) != 1 || len(got.Rules[0].ID) != 48 || got.Rules[0].RuleFilter.Prefix != "logs/" || got.Rules[0].Expiration.Days != 3 {
			t.Errorf("%+v, %v", got, err)
		}
		response := c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home?lifecycle", document, func(r *http.Request) {
			r.Header.Set("X-Amz-Transition-Default-Minimum-Object-Size", "varies_by_storage_class")
		})
		checkAnswer(t, response, 200, nil, "us-east-1")
	})
	t.Run("after a restart", func(t *testing.T) {
		c := start(t, config)
		response := c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home?lifecycle", "")
		if got := response.Header.Get("X-Amz-Transition-Default-Minimum-Object-Size"); got != "varies_by_storage_class" {
			t.Errorf("the minimum size is %q", got)
		}
		if _, got, _ := strings.Cut(text(t, response), "\n"); got != document {
			t.Errorf("the rules are %s", got)
		}
		for range 2 {
			checkAnswer(t, c.send(t, aliceKey, "us-east-1", http.MethodDelete, "/alice-home?lifecycle", ""), 204, nil, "us-east-1")
		}
		checkAnswer(t, c.send(t, aliceKey, "us-east-1", http.MethodGet, "/alice-home?lifecycle", ""), 404, []string{"NoSuchLifecycleConfiguration"}, "us-east-1")
	})
}

// TestLifecycleRefused sends rules that S3 refuses.
func TestLifecycleRefused(t *testing.T) {
	c := start(t, twoAccounts())
	const (
		head    = "<Status>Enabled</Status><Filter/>"
		expires = "<Expiration><Days>5</Days></Expiration>"
	)
	rule := func(inner ...string) string { return "<Rule>" + strings.Join(inner, "") + "</Rule>" }
	to := func(days, class string) string {
		return "<Transition><Days>" + days + "</Days><StorageClass>" + class + "</StorageClass></Transition>"
	}
	filter := func(inner string) string { return "<Status>Enabled</Status><Filter>" + inner + "</Filter>" }
	for document, want := range map[string]string{
		"":                  "MalformedXML",
		rule(head):          "InvalidRequest: At least one action needs to be specified in a rule",
		rule(head, expires): "",
		rule("<Status>enabled</Status><Filter/>", expires):                                                               "MalformedXML",
		rule("<Status>Enabled</Status>", expires):                                                                        "MalformedXML",
		rule(head, "<Prefix/>", expires):                                                                                 "MalformedXML",
		rule(head, expires, "<Expire/>"):                                                                                 "MalformedXML",
		rule("<ID>"+strings.Repeat("x", 256)+"</ID>", head, expires):                                                     "InvalidArgument: ID length should not exceed allowed limit of 255",
		rule("<ID>x</ID>", head, expires) + rule("<ID>x</ID>", head, expires):                                            "InvalidArgument: Rule ID must be unique. Found same ID for more than one rule",
		rule("<Status>Enabled</Status><Prefix/>", expires) + rule(head, expires):                                         "InvalidRequest: Filter element can only be used in Lifecycle V2.",
		rule(head, expires) + rule("<Status>Enabled</Status><Prefix/>", expires):                                         "InvalidRequest: Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.",
		rule(head, "<Expiration/>"):                                                                                      "MalformedXML",
		rule(head, "<Expiration><Days>0</Days></Expiration>"):                                                            "InvalidArgument: 'Days' for Expiration action must be a positive integer",
		rule(head, "<Expiration><Days>x</Days></Expiration>"):                                                            "MalformedXML",
		rule(head, "<Expiration><Date>2026-12-01T01:00:00Z</Date></Expiration>"):                                         "InvalidArgument: 'Date' must be at midnight GMT",
		rule(head, "<Expiration><Date>2026-12-01T00:00:00Z</Date></Expiration>"):                                         "",
		rule(head, "<Expiration><Date>Fri, 01 Jan 2016 00:00:00 GMT</Date></Expiration>"):                                "MalformedXML",
		rule(head, "<Expiration><Days>1</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"): "MalformedXML",
		rule(filter("<Tag><Key>a</Key><Value>b</Value></Tag>"), "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"):     "InvalidRequest: ExpiredObjectDeleteMarker cannot be specified with Tags.",
		rule(filter("<ObjectSizeLessThan>5</ObjectSizeLessThan>"), "<Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>"): "InvalidRequest: ExpiredObjectDeleteMarker cannot be specified with Object Size.",
		rule(filter("<Prefix>a</Prefix><ObjectSizeLessThan>5</ObjectSizeLessThan>"), expires):                                                               "MalformedXML",
		rule(filter("<And><Prefix>a</Prefix></And>"), expires):                                                                                              "MalformedXML",
		rule(filter("<And><Prefix></Prefix><ObjectSizeLessThan>5</ObjectSizeLessThan></And>"), expires):                                                     "",
		rule(filter("<ObjectSizeLessThan>0</ObjectSizeLessThan>"), expires):                                                                                 "InvalidRequest: 'ObjectSizeLessThan' should be between 1 and 1099511627776000.",
		rule(filter("<And><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan><ObjectSizeLessThan>5</ObjectSizeLessThan></And>"), expires):                      "InvalidRequest: 'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.",
		rule(filter("<And><Tag><Key>a</Key><Value>b</Value></Tag><Tag><Key>a</Key><Value>c</Value></Tag></And>"), expires):                                  "InvalidRequest: Duplicate Tag Keys are not allowed.",
		rule(filter("<Prefx>a</Prefx>"), expires):                                                                                                           "MalformedXML",
		rule(head, to("29", "STANDARD_IA")):                                                                         "InvalidArgument: 'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
		rule(head, to("-1", "GLACIER")):                                                                             "InvalidArgument: 'Days' in Transition action must be nonnegative",
		rule(head, to("1", "STANDARD")):                                                                             "MalformedXML",
		rule(head, "<Transition><StorageClass>GLACIER</StorageClass></Transition>"):                                 "MalformedXML",
		rule(head, to("1", "GLACIER"), to("9", "GLACIER")):                                                          "InvalidRequest: 'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=)'",
		rule(head, to("30", "STANDARD_IA"), to("59", "GLACIER")):                                                    "InvalidArgument",
		rule(head, to("90", "DEEP_ARCHIVE"), to("30", "STANDARD_IA"), to("60", "GLACIER")):                          "",
		rule(head, to("5", "DEEP_ARCHIVE"), to("5", "GLACIER")):                                                     "InvalidArgument",
		rule(head, to("5", "GLACIER"), expires):                                                                     "InvalidArgument: 'Days' in the Expiration action for filter '(prefix=)' must be greater than 'Days' in the Transition action",
		rule(head, to("5", "GLACIER"), "<Expiration><Date>2026-12-01T00:00:00Z</Date></Expiration>"):                "InvalidRequest: Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '(prefix=)'",
		rule(head, "<NoncurrentVersionExpiration/>"):                                                                "MalformedXML",
		rule(head, "<NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>"): "InvalidArgument: 'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
		rule("<Status>Enabled</Status><Prefix/>", "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>1</NewerNoncurrentVersions></NoncurrentVersionExpiration>"): "InvalidRequest: NewerNoncurrentVersions element can only be used in Lifecycle V2.",
		rule(head, "<AbortIncompleteMultipartUpload><DaysAfterInitiation>0</DaysAfterInitiation></AbortIncompleteMultipartUpload>"):                                                                    "InvalidArgument: 'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
		rule(filter("<Tag><Key>a</Key><Value>b</Value></Tag>"), "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>"):                       "InvalidRequest: AbortIncompleteMultipartUpload cannot be specified with Tags.",
		strings.Repeat(rule(head, expires), 1001): "InvalidRequest: The number of lifecycle rules must not exceed the allowed limit of 1000 rules.",
	} {
		response := c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home?lifecycle", "<LifecycleConfiguration>"+document+"</LifecycleConfiguration>")
		if want == "" {
			checkAnswer(t, response, 200, nil, "us-east-1")
			continue
		}
		code, message, _ := strings.Cut(want, ": ")
		checkAnswer(t, response, 400, []string{"<Code>" + code + "</Code><Message>" + message}, "us-east-1")
		if t.Failed() {
			t.Fatal(document)
		}
	}
	response := c.send(t, aliceKey, "us-east-1", http.MethodPut, "/alice-home?lifecycle", "<LifecycleConfiguration>"+rule(head, expires)+"</LifecycleConfiguration>", func(r *http.Request) {
		r.Header.Set("X-Amz-Transition-Default-Minimum-Object-Size", "none")
	})
	checkAnswer(t, response, 400, []string{"<Code>InvalidRequest</Code><Message>Invalid TransitionDefaultMinimumObjectSize found: none<"}, "us-east-1")
}
