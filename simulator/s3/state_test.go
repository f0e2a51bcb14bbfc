package s3_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/velero-locations/velero-locations/simulator"
)

func TestStateOnDisk(t *testing.T) {
	config := twoAccounts()
	config.DataDir = filepath.Join(t.TempDir(), "state")
	data := content(17 << 20)
	first := start(t, config)
	client := first.minio(t, aliceKey, "us-east-1")
	if err := client.MakeBucket(t.Context(), "made", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	for key, size := range map[string]int{"small": 100, "large": len(data), "empty": 0, "overwritten": 7, "removed": 9} {
		for range 2 {
			_, err := client.PutObject(t.Context(), "made", key, newStream(data[:size]), int64(size), minio.PutObjectOptions{
				PartSize: 5 << 20, UserMetadata: map[string]string{"Key": key},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := client.RemoveObject(t.Context(), "made", "removed", minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := simulator.New(config); err == nil || !strings.Contains(err.Error(), "in use by another simulator") {
		t.Errorf("a second simulator on the directory: %v", err)
	}
	first.Server.Close()
	if err := first.Simulator.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(config.DataDir, 0o777); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(config.DataDir, "content", "left-by-a-crash")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}

	second := start(t, config)
	if info, err := os.Stat(config.DataDir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory was left open to others: %v, %v", info.Mode(), err)
	}
	client = second.minio(t, aliceKey, "us-east-1")
	for key, size := range map[string]int{"small": 100, "large": len(data), "empty": 0, "overwritten": 7} {
		object, err := client.GetObject(t.Context(), "made", key, minio.GetObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer object.Close()
		got, err := io.ReadAll(object)
		if err != nil || !bytes.Equal(got, data[:size]) {
			t.Errorf("%s: %d bytes, %v", key, len(got), err)
		}
		if info, err := object.Stat(); err != nil || info.UserMetadata["Key"] != key {
			t.Errorf("%s: %+v, %v", key, info, err)
		}
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("content that nothing names was kept: %v", err)
	}
	files, err := os.ReadDir(filepath.Join(config.DataDir, "content"))
	if err != nil || len(files) != 1 {
		t.Errorf("%d files for 1 object that is not small, %v", len(files), err)
	}
	checkAnswer(t, second.send(t, bobKey, "us-east-1", http.MethodGet, "/made/small", ""), 403, []string{"AccessDenied"}, "us-east-1")
	checkAnswer(t, second.send(t, bobKey, "us-east-1", http.MethodPut, "/made", ""), 409, []string{"BucketAlreadyExists"}, "us-east-1")
}
