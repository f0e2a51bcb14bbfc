package s3_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

func TestCopyAndRemove(t *testing.T) {
	c := start(t, twoAccounts())
	client := c.minio(t, aliceKey, "us-east-1")
	put := func(meta map[string]string) {
		t.Helper()
		if _, err := client.PutObject(t.Context(), "alice-home", "from me", strings.NewReader("text"), 4, minio.PutObjectOptions{UserMetadata: meta}); err != nil {
			t.Fatal(err)
		}
	}
	put(map[string]string{"Old": "1"})
	put(map[string]string{"New": "2"})
	from := minio.CopySrcOptions{Bucket: "alice-home", Object: "from me"}
	for _, test := range []struct {
		to   minio.CopyDestOptions
		want map[string]string
	}{
		{minio.CopyDestOptions{Bucket: "alice-home", Object: "to"}, map[string]string{"New": "2"}},
		{minio.CopyDestOptions{Bucket: "alice-home", Object: "to", ReplaceMetadata: true, UserMetadata: map[string]string{"Third": "3"}}, map[string]string{"Third": "3"}},
	} {
		if _, err := client.CopyObject(t.Context(), test.to, from); err != nil {
			t.Fatal(err)
		}
		info, err := client.StatObject(t.Context(), "alice-home", "to", minio.StatObjectOptions{})
		if err != nil || info.Size != 4 || !maps.Equal(info.UserMetadata, test.want) {
			t.Errorf("the copy has metadata %v, expected %v (%v)", info.UserMetadata, test.want, err)
		}
	}
	if _, err := client.ComposeObject(t.Context(), minio.CopyDestOptions{Bucket: "alice-home", Object: "both"}, from, from); errorCode(err) == "" {
		t.Error("a first part of 4 bytes was accepted")
	}
	if _, err := client.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: "alice-home", Object: "theirs"}, minio.CopySrcOptions{Bucket: "bob-home", Object: "k"}); errorCode(err) != "AccessDenied" {
		t.Errorf("copying from another account: %v", err)
	}
	for range 2 { // the second time there is nothing left, which is no error
		if err := client.RemoveObject(t.Context(), "alice-home", "to", minio.RemoveObjectOptions{}); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.StatObject(t.Context(), "alice-home", "to", minio.StatObjectOptions{}); errorCode(err) != "NoSuchKey" {
		t.Errorf("stat of a removed object: %v", err)
	}
}
