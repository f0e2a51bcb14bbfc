package objectstore_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// openBucket returns bucket "bbb" of a cloud of its own.
func openBucket(t *testing.T, change ...func(*objectstore.S3Options)) (*objectstore.S3, *simulatortest.Simulator) {
	t.Helper()
	cloud := simulatortest.Start(t)
	cloud.CreateBucket(t, "bbb")
	endpoint, err := url.Parse(cloud.S3)
	if err != nil {
		t.Fatal(err)
	}
	opts := objectstore.S3Options{
		Bucket: "bbb", Endpoint: endpoint, Region: cloud.Region,
		Keys: credentials.AWS{AccessKeyID: cloud.Key.ID, SecretAccessKey: cloud.Key.Secret},
	}
	for _, change := range change {
		change(&opts)
	}
	store, err := objectstore.NewS3(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store, cloud
}

func read(t *testing.T, store objectstore.Store, key string) []byte {
	t.Helper()
	body, err := store.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func keys(t *testing.T, store objectstore.Store, prefix string) []string {
	t.Helper()
	var found []string
	for key, err := range store.Keys(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, key)
	}
	return found
}

// pattern is content of a size that is not all the same.
func pattern(size int) []byte {
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(i * i >> 8)
	}
	return content
}

// TestObjects stores, lists, reads and deletes, with sizes below, at and above that of a part.
func TestObjects(t *testing.T) {
	const part = 16 << 20
	for _, checksum := range []string{"", "CRC32", "CRC64NVME", "SHA256"} {
		store, _ := openBucket(t, func(o *objectstore.S3Options) { o.Writing.Checksum = checksum })
		for key, size := range map[string]int{"p/empty": 0, "p/small": 1, "p/part": part, "p/large": part + 1, "q/other": 2} {
			content := pattern(size)
			if err := store.Put(t.Context(), key, iotest.OneByteReader(bytes.NewReader(content[:size/2]))); err != nil {
				t.Fatalf("%s: %v", key, err)
			}
			if err := store.Put(t.Context(), key, bytes.NewReader(content)); err != nil {
				t.Fatalf("replacing %s: %v", key, err)
			}
			if sha256.Sum256(read(t, store, key)) != sha256.Sum256(content) {
				t.Errorf("%s with checksum %q is not what was stored", key, checksum)
			}
		}
		if got, want := keys(t, store, "p/"), []string{"p/empty", "p/large", "p/part", "p/small"}; !slices.Equal(got, want) {
			t.Errorf("got keys %q, want %q", got, want)
		}
		for range 2 { // the second time there is nothing
			if err := store.Delete(t.Context(), "p/small"); err != nil {
				t.Error(err)
			}
		}
		for key, want := range map[string]bool{"p/small": false, "p/large": true, "p": false} {
			if got, err := store.Exists(t.Context(), key); got != want || err != nil {
				t.Errorf("%s: got %v, %v; want %v", key, got, err, want)
			}
		}
		if _, err := store.Get(t.Context(), "p/small"); !errors.Is(err, objectstore.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	}
}

// TestCreate shows that nothing is overwritten.
func TestCreate(t *testing.T) {
	store, _ := openBucket(t)
	if err := store.Create(t.Context(), "key", []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(t.Context(), "key", []byte("second")); !errors.Is(err, objectstore.ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	if got := read(t, store, "key"); string(got) != "first" {
		t.Errorf("the object was replaced by %q", got)
	}
}

// TestBrokenSource shows that what cannot be read to its end is not stored, and that the error is the source's.
func TestBrokenSource(t *testing.T) {
	broken := errors.New("the list ended early")
	for _, size := range []int{0, 100, 17 << 20, 33 << 20} {
		store, _ := openBucket(t)
		err := store.Put(t.Context(), "key", io.MultiReader(bytes.NewReader(pattern(size)), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Errorf("%d bytes: got %v, want the source's error", size, err)
		}
		if got := keys(t, store, ""); len(got) > 0 {
			t.Errorf("%d bytes: %q is there", size, got)
		}
	}
}

// TestWritingUnderFaults shows which faults are overcome, and that of the others nothing is left.
func TestWritingUnderFaults(t *testing.T) {
	upload := faults.Match{Operations: []string{"s3:PutObject", "s3:UploadPart"}}
	for name, tc := range map[string]struct {
		rule faults.Rule
		size int    // 0: more than a part
		want string // empty: overcome
	}{
		"small, throttled":     {rule: faults.Rule{Match: upload, Times: 1, Fault: faults.Error{Code: "SlowDown"}}, size: 100_000},
		"small, half-written":  {rule: faults.Rule{Match: upload, Times: 1, Fault: faults.Reset{At: faults.Upload, After: 1000}}, size: 100_000},
		"small, answer lost":   {rule: faults.Rule{Match: upload, Times: 1, Fault: faults.Reset{At: faults.Download}}, size: 100_000},
		"half-written":         {rule: faults.Rule{Match: upload, Times: 1, Fault: faults.Reset{At: faults.Upload, After: 1000}}},
		"throttled twice":      {rule: faults.Rule{Match: upload, Times: 2, Fault: faults.Error{Code: "SlowDown"}}},
		"connection reset":     {rule: faults.Rule{Match: upload, Times: 1, Fault: faults.Reset{}}},
		"throttled for ever":   {rule: faults.Rule{Match: upload, Fault: faults.Error{Code: "SlowDown"}}, want: "is overloaded"},
		"denied":               {rule: faults.Rule{Match: upload, Skip: 1, Fault: faults.Error{Code: "AccessDenied"}}, want: `the credentials may not write "key" in the bucket "bbb" (403 AccessDenied: Access Denied): allow them s3:PutObject there`},
		"stalled for ever":     {rule: faults.Rule{Match: upload, Fault: faults.Stall{}}, want: "did not answer in time"},
		"token that expires":   {rule: faults.Rule{Match: upload, Skip: 1, Fault: faults.Expired{}}, want: "the session token of the credentials has expired"},
		"down at the very end": {rule: faults.Rule{Match: faults.Match{Operations: []string{"s3:CompleteMultipartUpload"}}, Fault: faults.Error{Code: "InternalError"}}, want: "has a fault of its own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, cloud := openBucket(t, func(o *objectstore.S3Options) {
				o.Writing.Checksum = "CRC32"
				if _, stalls := tc.rule.Fault.(faults.Stall); stalls { // others are not to stall on a busy machine
					o.StallTimeout = 300 * time.Millisecond
				}
			})
			cloud.Harm(t, tc.rule)
			content := pattern(cmp.Or(tc.size, 20<<20))
			err := store.Put(t.Context(), "key", bytes.NewReader(content))
			if cloud.Faults().List()[0].Injected == 0 {
				t.Error("the fault did not happen")
			}
			if tc.want == "" {
				if err != nil || !bytes.Equal(read(t, store, "key"), content) {
					t.Errorf("got %v, want the object", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if got := keys(t, store, ""); len(got) > 0 {
				t.Errorf("%q is there", got)
			}
		})
	}
}

// TestAbandon shows that the parts of an upload go that was neither completed nor aborted, and that storage which does not
// list them is no error.
func TestAbandon(t *testing.T) {
	store, cloud := openBucket(t)
	cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:UploadPart"}}, Skip: 1, Fault: faults.Error{Code: "AccessDenied"}})
	cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:AbortMultipartUpload"}}, Times: 1, Fault: faults.Error{Code: "AccessDenied"}})
	if err := store.Put(t.Context(), "key", bytes.NewReader(pattern(20<<20))); err == nil {
		t.Fatal("got no error")
	}
	client, err := minio.New(cloud.Host(), &minio.Options{Creds: miniocredentials.NewStaticV4(cloud.Key.ID, cloud.Key.Secret, ""), Region: cloud.Region})
	if err != nil {
		t.Fatal(err)
	}
	uploads := func() (n int) {
		for upload := range client.ListIncompleteUploads(t.Context(), "bbb", "", true) {
			if upload.Err != nil {
				t.Fatal(upload.Err)
			}
			n++
		}
		return n
	}
	if uploads() != 1 {
		t.Fatal("there is nothing to be removed")
	}
	for range 2 {
		if err := store.Abandon(t.Context(), "key"); err != nil || uploads() > 0 {
			t.Errorf("%d are left, %v", uploads(), err)
		}
	}
	for code, want := range map[string]bool{"AccessDenied": true, "InternalError": false} {
		cloud.Faults().Clear()
		cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:*"}}, Fault: faults.Error{Code: code}})
		if err := store.Abandon(t.Context(), "key"); (err == nil) != want {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

func TestPresignGet(t *testing.T) {
	store, cloud := openBucket(t)
	if err := store.Put(t.Context(), "p/a key+", strings.NewReader("content")); err != nil {
		t.Fatal(err)
	}
	address, err := store.PresignGet(t.Context(), "p/a key+", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	fetch := func() (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, body := fetch(); status != http.StatusOK || body != "content" {
		t.Errorf("got %d, %q", status, body)
	}
	cloud.Clock().Advance(2 * time.Minute)
	if status, _ := fetch(); status != http.StatusForbidden {
		t.Errorf("after its time got %d", status)
	}
}

func TestPresignAtPublicEndpoint(t *testing.T) {
	store, _ := openBucket(t, func(o *objectstore.S3Options) {
		o.PublicEndpoint = &url.URL{Scheme: "https", Host: "s3.example.com"}
	})
	address, err := store.PresignGet(t.Context(), "key", time.Minute)
	if err != nil || !strings.HasPrefix(address, "https://bbb.s3.example.com/key?") {
		t.Errorf("got %s, %v", address, err)
	}
}

// TestWriting shows that objects get their encryption and their tags, sent in one part or in several.
func TestWriting(t *testing.T) {
	store, cloud := openBucket(t, func(o *objectstore.S3Options) {
		o.Writing = objectstore.Writing{KMSKeyID: "alias/backups", Tags: map[string]string{"team": "a", "cost": "1"}, Checksum: "CRC32"}
	})
	for _, size := range []int{3, 17 << 20} {
		if err := store.Put(t.Context(), "key", bytes.NewReader(pattern(size))); err != nil {
			t.Fatal(err)
		}
		info := stat(t, cloud, "key")
		if got := info.Metadata.Get("X-Amz-Server-Side-Encryption"); got != "aws:kms" {
			t.Errorf("got encryption %q", got)
		}
		if info.UserTagCount != 2 {
			t.Errorf("got %d tags", info.UserTagCount)
		}
	}
}

func TestKeysEndsWithContext(t *testing.T) {
	store, _ := openBucket(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for key, err := range store.Keys(ctx, "") {
		if err == nil {
			t.Errorf("got %q and no error", key)
		}
	}
}

func stat(t *testing.T, cloud *simulatortest.Simulator, key string) minio.ObjectInfo {
	t.Helper()
	client, err := minio.New(cloud.Host(), &minio.Options{
		Creds: miniocredentials.NewStaticV4(cloud.Key.ID, cloud.Key.Secret, ""), Region: cloud.Region,
	})
	if err != nil {
		t.Fatal(err)
	}
	info, err := client.StatObject(t.Context(), "bbb", key, minio.StatObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return info
}
