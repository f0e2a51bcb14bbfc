package s3_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/minio/minio-go/v7"
)

// TestList pages through prefixes at every page size: each key and each prefix comes once, in order.
func TestList(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.aws(aliceKey, "us-east-1")
	keys := []string{"/lead", "a", "a/", "a/1", "a/2", "a0", "b/c/1", "b/c/2", "b/d", "c d+é&", "z/1"}
	for _, key := range keys {
		if _, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("alice-home"), Key: aws.String(key), Body: strings.NewReader(key)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		prefix, delimiter, after string
		keys, prefixes           []string
	}{
		{keys: keys},
		{delimiter: "/", keys: []string{"a", "a0", "c d+é&"}, prefixes: []string{"/", "a/", "b/", "z/"}},
		{prefix: "a/", delimiter: "/", keys: []string{"a/", "a/1", "a/2"}},
		{prefix: "b/", delimiter: "/", keys: []string{"b/d"}, prefixes: []string{"b/c/"}},
		{prefix: "b", delimiter: "/", prefixes: []string{"b/"}},
		{after: "a/2", keys: []string{"a0", "b/c/1", "b/c/2", "b/d", "c d+é&", "z/1"}},
		{after: "a/1", delimiter: "/", keys: []string{"a0", "c d+é&"}, prefixes: []string{"a/", "b/", "z/"}},
		{prefix: "nothing"},
	} {
		for size := int32(1); size <= 12; size++ {
			gotKeys, gotPrefixes := listV2(t, client, test.prefix, test.delimiter, test.after, size)
			if !slices.Equal(gotKeys, test.keys) || !slices.Equal(gotPrefixes, test.prefixes) {
				t.Errorf("%+v, %d a page: %q and %q", test, size, gotKeys, gotPrefixes)
			}
			if test.after == "" {
				gotKeys, gotPrefixes = listV1(t, client, test.prefix, test.delimiter, size)
				if !slices.Equal(gotKeys, test.keys) || !slices.Equal(gotPrefixes, test.prefixes) {
					t.Errorf("V1 %+v, %d a page: %q and %q", test, size, gotKeys, gotPrefixes)
				}
			}
		}
	}
	var encoded []string // minio-go asks for keys in URL encoding
	for object := range c.minio(t, aliceKey, "us-east-1").ListObjects(t.Context(), "alice-home", minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			t.Fatal(object.Err)
		}
		encoded = append(encoded, object.Key)
	}
	if !slices.Equal(encoded, keys) {
		t.Errorf("minio-go lists %q", encoded)
	}
}

func listV2(t *testing.T, client *awss3.Client, prefix, delimiter, after string, size int32) (keys, prefixes []string) {
	t.Helper()
	input := &awss3.ListObjectsV2Input{Bucket: aws.String("alice-home"), Prefix: &prefix, MaxKeys: &size}
	if delimiter != "" {
		input.Delimiter = &delimiter
	}
	if after != "" {
		input.StartAfter = &after
	}
	pages := awss3.NewListObjectsV2Paginator(client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(page.Contents) + len(page.CommonPrefixes); n > int(size) || int(aws.ToInt32(page.KeyCount)) != n {
			t.Errorf("a page of %d has %d entries and says %d", size, n, aws.ToInt32(page.KeyCount))
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
		for _, p := range page.CommonPrefixes {
			prefixes = append(prefixes, aws.ToString(p.Prefix))
		}
	}
	return keys, prefixes
}

func listV1(t *testing.T, client *awss3.Client, prefix, delimiter string, size int32) (keys, prefixes []string) {
	t.Helper()
	input := &awss3.ListObjectsInput{Bucket: aws.String("alice-home"), Prefix: &prefix, MaxKeys: &size}
	if delimiter != "" {
		input.Delimiter = &delimiter
	}
	for {
		page, err := client.ListObjects(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
			input.Marker = object.Key
		}
		for _, p := range page.CommonPrefixes {
			prefixes = append(prefixes, aws.ToString(p.Prefix))
		}
		if delimiter != "" {
			input.Marker = page.NextMarker
		}
		if !aws.ToBool(page.IsTruncated) {
			return keys, prefixes
		}
	}
}
