package s3_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestTags(t *testing.T) {
	client := start(t, twoAccounts()).aws(aliceKey, "us-east-1")
	key := aws.String("k")
	put := func(tagging string) string {
		t.Helper()
		_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: home, Key: key, Body: strings.NewReader("x"), Tagging: &tagging})
		return errorCode(err)
	}
	tags := func(key string) string {
		t.Helper()
		out, err := client.GetObjectTagging(t.Context(), &awss3.GetObjectTaggingInput{Bucket: home, Key: &key})
		if err != nil {
			return errorCode(err)
		}
		var text []string
		for _, tag := range out.TagSet {
			text = append(text, *tag.Key+"="+*tag.Value)
		}
		return strings.Join(text, ",")
	}
	for _, test := range []struct{ header, code, tags string }{
		{"", "", ""},
		{"b=2&a=1%20x", "", "a=1 x,b=2"},
		{"a=1&a=2", "InvalidTag", "a=1 x,b=2"},
		{"aws:x=1", "InvalidTag", "a=1 x,b=2"},
		{strings.Repeat("k", 129) + "=1", "InvalidTag", "a=1 x,b=2"},
		{"a&b&c&d&e&f&g&h&i&j&k", "BadRequest", "a=1 x,b=2"},
	} {
		if code := put(test.header); code != test.code || tags("k") != test.tags {
			t.Errorf("%q: %q, tags %q", test.header, code, tags("k"))
		}
	}
	head, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: home, Key: key})
	if err != nil || aws.ToInt32(head.TagCount) != 2 {
		t.Errorf("x-amz-tagging-count %v, %v", aws.ToInt32(head.TagCount), err)
	}
	copied, replaced := aws.String("copied"), aws.String("replaced")
	source := aws.String("alice-home/k")
	if _, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: home, Key: copied, CopySource: source}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{
		Bucket: home, Key: replaced, CopySource: source, TaggingDirective: types.TaggingDirectiveReplace, Tagging: aws.String("c=3"),
	}); err != nil {
		t.Fatal(err)
	}
	if tags("copied") != "a=1 x,b=2" || tags("replaced") != "c=3" {
		t.Errorf("tags of copies: %q and %q", tags("copied"), tags("replaced"))
	}
	if _, err := client.DeleteObjectTagging(t.Context(), &awss3.DeleteObjectTaggingInput{Bucket: home, Key: key}); err != nil || tags("k") != "" || getText(t, client, "k", "") != "x" {
		t.Errorf("removing tags: %v, then %q", err, tags("k"))
	}
	if _, err := client.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: home}); errorCode(err) != "NoSuchTagSet" {
		t.Errorf("tags of a bucket without any: %v", err)
	}
	if _, err := client.PutBucketTagging(t.Context(), &awss3.PutBucketTaggingInput{Bucket: home, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("x"), Value: aws.String("y")}}}}); err != nil {
		t.Fatal(err)
	}
	if out, err := client.GetBucketTagging(t.Context(), &awss3.GetBucketTaggingInput{Bucket: home}); err != nil || len(out.TagSet) != 1 || *out.TagSet[0].Value != "y" {
		t.Errorf("tags of the bucket: %+v, %v", out, err)
	}
}
