package s3_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func tiering(id string, tiers ...types.Tiering) *types.IntelligentTieringConfiguration {
	return &types.IntelligentTieringConfiguration{Id: &id, Status: types.IntelligentTieringStatusEnabled, Tierings: tiers}
}

// after are the archives that objects go to after days without access; zero is not at all.
func after(archive, deep int32) (out []types.Tiering) {
	for _, t := range []types.Tiering{
		{AccessTier: types.IntelligentTieringAccessTierArchiveAccess, Days: &archive}, {AccessTier: types.IntelligentTieringAccessTierDeepArchiveAccess, Days: &deep},
	} {
		if *t.Days > 0 {
			out = append(out, t)
		}
	}
	return out
}

func (a *aged) tier(c *types.IntelligentTieringConfiguration) error {
	return only(a.PutBucketIntelligentTieringConfiguration(a.t.Context(), &awss3.PutBucketIntelligentTieringConfigurationInput{
		Bucket: plainBucket, Id: c.Id, IntelligentTieringConfiguration: c,
	}))
}

// TestIntelligentTieringConfigurations sets, lists, reads and deletes configurations.
func TestIntelligentTieringConfigurations(t *testing.T) {
	a := newAged(t, false)
	get := func(id string) (*awss3.GetBucketIntelligentTieringConfigurationOutput, error) {
		return a.GetBucketIntelligentTieringConfiguration(t.Context(), &awss3.GetBucketIntelligentTieringConfigurationInput{Bucket: plainBucket, Id: &id})
	}
	remove := func(id string) error {
		return only(a.DeleteBucketIntelligentTieringConfiguration(t.Context(), &awss3.DeleteBucketIntelligentTieringConfigurationInput{Bucket: plainBucket, Id: &id}))
	}
	list := func() string {
		var ids []string
		out, err := a.ListBucketIntelligentTieringConfigurations(t.Context(), &awss3.ListBucketIntelligentTieringConfigurationsInput{Bucket: plainBucket})
		a.ok(err)
		for _, c := range out.IntelligentTieringConfigurationList {
			ids = append(ids, *c.Id)
		}
		return strings.Join(ids, ",")
	}
	b := tiering("b", after(90, 730)...)
	b.Filter = &types.IntelligentTieringFilter{And: &types.IntelligentTieringAndOperator{Prefix: aws.String("p/"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}}
	a.ok(a.tier(b))
	a.ok(a.tier(tiering("a", after(0, 180)...)))
	if got := list(); got != "a,b" {
		t.Errorf("listed %q", got)
	}
	got, err := get("b")
	a.ok(err)
	if c := got.IntelligentTieringConfiguration; *c.Filter.And.Prefix != "p/" || *c.Filter.And.Tags[0].Value != "v" || len(c.Tierings) != 2 || *c.Tierings[1].Days != 730 || c.Status != types.IntelligentTieringStatusEnabled {
		t.Errorf("got %+v", c)
	}
	a.ok(remove("b"))
	if _, err := get("b"); errorCode(err) != "NoSuchConfiguration" || errorCode(remove("b")) != "NoSuchConfiguration" || list() != "a" {
		t.Errorf("after its deletion: %v", err)
	}
	sized := tiering("a", after(90, 0)...)
	for _, test := range []struct {
		tiers []types.Tiering
		code  string
	}{
		{after(89, 0), "InvalidArgument"},
		{after(0, 179), "InvalidArgument"},
		{after(731, 0), "InvalidArgument"},
		{append(after(90, 0), after(91, 0)...), "MalformedXML"},
		{[]types.Tiering{{AccessTier: "FREQUENT", Days: aws.Int32(90)}}, "MalformedXML"},
		{[]types.Tiering{}, "MalformedXML"},
	} {
		if sized.Tierings = test.tiers; errorCode(a.tier(sized)) != test.code {
			t.Errorf("%+v: want %s", test.tiers, test.code)
		}
	}
}

// TestIntelligentTiering lets objects lie until they are archived, and gets them out again.
func TestIntelligentTiering(t *testing.T) {
	a := newAged(t, false)
	c := tiering("a", after(90, 180)...)
	c.Filter = &types.IntelligentTieringFilter{Prefix: aws.String("lies/")}
	a.ok(a.tier(c))
	large := func(in *awss3.PutObjectInput) { in.Body = strings.NewReader(strings.Repeat("x", 128<<10)) }
	for _, key := range []string{"lies/a", "lies/read", "beside"} {
		put(t, a.Client, key, types.StorageClassIntelligentTiering, large)
	}
	put(t, a.Client, "lies/small", types.StorageClassIntelligentTiering)
	put(t, a.Client, "lies/standard", "", large)
	read := func(key string) error {
		out, err := a.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: plainBucket, Key: &key})
		if err == nil {
			_, err = io.Copy(io.Discard, out.Body)
		}
		return err
	}
	head := func(key string) *awss3.HeadObjectOutput {
		t.Helper()
		out, err := a.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: plainBucket, Key: &key})
		a.ok(err)
		return out
	}
	at := func(month time.Month, day int, archived map[string]types.ArchiveStatus) {
		t.Helper()
		year := 2027
		if month > time.October {
			year = 2026
		}
		_, err := a.control.SetClock(t.Context(), time.Date(year, month, day, 12, 0, 0, 0, time.UTC))
		a.ok(err)
		a.ok(only(a.ListBuckets(t.Context(), &awss3.ListBucketsInput{}))) // a refused HEAD has no body that tells of the clock
		for _, key := range []string{"lies/a", "lies/read", "lies/small", "lies/standard", "beside"} {
			if got := head(key).ArchiveStatus; got != archived[key] {
				t.Errorf("%s on %d %s: %q, want %q", key, day, month, got, archived[key])
			}
		}
	}
	restore := func(days *int32, tier types.Tier) error {
		return only(a.RestoreObject(t.Context(), &awss3.RestoreObjectInput{
			Bucket: plainBucket, Key: aws.String("lies/a"), RestoreRequest: &types.RestoreRequest{Days: days, GlacierJobParameters: &types.GlacierJobParameters{Tier: tier}},
		}))
	}
	at(time.February, 27, nil)
	a.ok(read("lies/read"))
	if err := restore(nil, types.TierBulk); errorCode(err) != "InvalidObjectState" {
		t.Errorf("restored from no archive: %v", err)
	}
	at(time.March, 1, map[string]types.ArchiveStatus{"lies/a": "ARCHIVE_ACCESS"})
	var state *types.InvalidObjectState
	if err := read("lies/a"); !errors.As(err, &state) || state.AccessTier != "ARCHIVE_ACCESS" || state.StorageClass != "INTELLIGENT_TIERING" {
		t.Errorf("read from the archive: %v", err)
	}
	if err := only(a.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: plainBucket, Key: aws.String("copy"), CopySource: aws.String("alice-home/lies/a")})); errorCode(err) != "InvalidObjectState" {
		t.Errorf("copied from the archive: %v", err)
	}
	at(time.May, 30, map[string]types.ArchiveStatus{"lies/a": "DEEP_ARCHIVE_ACCESS", "lies/read": "ARCHIVE_ACCESS"})
	a.ok(only(a.DeleteBucketIntelligentTieringConfiguration(t.Context(), &awss3.DeleteBucketIntelligentTieringConfigurationInput{Bucket: plainBucket, Id: aws.String("a")})))
	at(time.May, 31, map[string]types.ArchiveStatus{"lies/a": "DEEP_ARCHIVE_ACCESS", "lies/read": "ARCHIVE_ACCESS"})
	for _, refused := range []struct {
		days *int32
		tier types.Tier
		code string
	}{{aws.Int32(1), types.TierBulk, "MalformedXML"}, {nil, types.TierExpedited, "InvalidArgument"}} {
		if err := restore(refused.days, refused.tier); errorCode(err) != refused.code {
			t.Errorf("%+v: %v", refused, err)
		}
	}
	a.ok(restore(nil, types.TierStandard))
	if got := aws.ToString(head("lies/a").Restore); got != `ongoing-request="true"` {
		t.Errorf("while it is restored: %q", got)
	}
	if err := restore(nil, types.TierStandard); errorCode(err) != "RestoreAlreadyInProgress" {
		t.Errorf("restored twice: %v", err)
	}
	a.ok(a.tier(c))
	at(time.June, 1, map[string]types.ArchiveStatus{"lies/read": "ARCHIVE_ACCESS"})
	a.ok(read("lies/a"))
	at(time.August, 30, map[string]types.ArchiveStatus{"lies/read": "DEEP_ARCHIVE_ACCESS"})
	at(time.August, 31, map[string]types.ArchiveStatus{"lies/a": "ARCHIVE_ACCESS", "lies/read": "DEEP_ARCHIVE_ACCESS"})
}
