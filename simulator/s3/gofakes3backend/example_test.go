package gofakes3backend_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/simulator/s3/gofakes3backend"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// A server made with gofakes3 keeps its objects in a directory.
func Example() {
	if err := roundTrip(); err != nil {
		fmt.Println(err)
	}
	// Output: data
}

func roundTrip() error {
	dir, err := os.MkdirTemp("", "gofakes3backend")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	objects, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer objects.Close()
	server := httptest.NewServer(gofakes3.New(gofakes3backend.New(objects, "us-east-1", "111111111111")).Server())
	defer server.Close()

	client, err := minio.New(server.Listener.Addr().String(), &minio.Options{Creds: credentials.NewStaticV4("any", "any", ""), Region: "us-east-1"})
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := client.MakeBucket(ctx, "velero", minio.MakeBucketOptions{}); err != nil {
		return err
	}
	if _, err := client.PutObject(ctx, "velero", "backups/b1", strings.NewReader("data"), 4, minio.PutObjectOptions{}); err != nil {
		return err
	}
	object, err := client.GetObject(ctx, "velero", "backups/b1", minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	defer object.Close()
	content, err := io.ReadAll(object)
	fmt.Println(string(content))
	return err
}
