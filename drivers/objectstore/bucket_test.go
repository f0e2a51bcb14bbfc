package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/simulator/faults"
	"github.com/velero-locations/velero-locations/simulator/policy"
	"github.com/velero-locations/velero-locations/simulator/simulatortest"
)

// admin is a client of the cloud's own key.
func admin(t *testing.T, cloud *simulatortest.Simulator) minio.Core {
	t.Helper()
	client, err := minio.NewCore(cloud.Host(), &minio.Options{Creds: miniocredentials.NewStaticV4(cloud.Key.ID, cloud.Key.Secret, ""), Region: cloud.Region})
	if err != nil {
		t.Fatal(err)
	}
	return *client
}

// left counts the uploads and the versions that a bucket has.
func left(t *testing.T, store objectstore.Bucket, cloud *simulatortest.Simulator) (uploads, versions int) {
	t.Helper()
	for _, err := range store.Uploads(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		uploads++
	}
	for version := range admin(t, cloud).ListObjectsIter(t.Context(), "bbb", minio.ListObjectsOptions{Recursive: true, WithVersions: true}) {
		if version.Err != nil {
			t.Fatal(version.Err)
		}
		versions++
	}
	return uploads, versions
}

func TestTryUpload(t *testing.T) {
	for name, tc := range map[string]struct {
		deny          []string
		fault         faults.Rule
		refused, left string
		uploads       int
	}{
		"allowed":       {},
		"writing":       {deny: []string{"s3:PutObject"}, refused: `the credentials may not write "k" in the bucket "bbb" (403 AccessDenied: Access Denied): allow them s3:PutObject there, or use others`},
		"aborting":      {deny: []string{"s3:AbortMultipartUpload"}, left: `the credentials may not abort the upload of "k" in the bucket "bbb" (403 AccessDenied: Access Denied): allow them s3:AbortMultipartUpload there, or use others`, uploads: 1},
		"a part":        {fault: faults.Rule{Match: faults.Match{Operations: []string{"s3:UploadPart"}}, Fault: faults.Error{Code: "InternalError"}}, refused: "has a fault of its own"},
		"no such thing": {fault: faults.Rule{Match: faults.Match{Operations: []string{"s3:CreateMultipartUpload"}}, Fault: faults.Error{Code: "NotImplemented", Status: http.StatusNotImplemented}}, refused: objectstore.ErrUnsupported.Error()},
		"a lost answer": {fault: faults.Rule{Match: faults.Match{Operations: []string{"s3:CreateMultipartUpload"}}, Times: 3, Fault: faults.Reset{At: faults.Download}}, refused: "could not be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			store, cloud := openBucket(t)
			if tc.deny != nil {
				key := cloud.AddKey(t, policy.Statement{Effect: policy.Allow, Actions: []string{"*"}}, policy.Statement{Effect: policy.Deny, Actions: tc.deny})
				store = as(t, cloud, key.ID, key.Secret)
			}
			if tc.fault.Fault != nil {
				cloud.Harm(t, tc.fault)
			}
			refused, leaves := store.TryUpload(t.Context(), "k")
			expectPart(t, refused, tc.refused)
			expectPart(t, leaves, tc.left)
			if uploads, versions := left(t, store, cloud); uploads != tc.uploads || versions != 0 {
				t.Errorf("%d uploads and %d versions are left", uploads, versions)
			}
		})
	}
}

func expectPart(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// as opens the bucket with another key.
func as(t *testing.T, cloud *simulatortest.Simulator, id, secret string, change ...func(*objectstore.S3Options)) *objectstore.S3 {
	t.Helper()
	endpoint, err := url.Parse(cloud.S3)
	if err != nil {
		t.Fatal(err)
	}
	opts := objectstore.S3Options{Bucket: "bbb", Endpoint: endpoint, Region: cloud.Region, Keys: credentials.AWS{AccessKeyID: id, SecretAccessKey: secret}}
	for _, change := range change {
		change(&opts)
	}
	store, err := objectstore.NewS3(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

// TestTryUploadInterrupted shows that what was begun is aborted though the context ends between.
func TestTryUploadInterrupted(t *testing.T) {
	store, cloud := openBucket(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	cloud.Harm(t, faults.Rule{Match: faults.Match{Operations: []string{"s3:UploadPart"}}, Fault: faults.Latency{Delay: faults.Duration(time.Minute)}})
	if refused, leaves := store.TryUpload(ctx, "k"); !errors.Is(refused, context.DeadlineExceeded) || leaves != nil {
		t.Errorf("got %v and %v", refused, leaves)
	}
	if uploads, versions := left(t, store, cloud); uploads+versions != 0 {
		t.Errorf("%d uploads and %d versions are left", uploads, versions)
	}
}

// TestBucketSettings asks buckets that keep what is deleted, or do not.
func TestBucketSettings(t *testing.T) {
	store, cloud := openBucket(t)
	expect := func(versioning, retention string) {
		t.Helper()
		if got, err := store.Versioning(t.Context()); err != nil || got != versioning {
			t.Errorf("versioning: %q, %v", got, err)
		}
		if got, err := store.Retention(t.Context()); err != nil || got != retention {
			t.Errorf("retention: %q, %v", got, err)
		}
	}
	expect("", "")
	client := admin(t, cloud)
	if err := client.EnableVersioning(t.Context(), "bbb"); err != nil {
		t.Fatal(err)
	}
	expect(objectstore.VersioningEnabled, "")
	for range 2 {
		if err := store.Put(t.Context(), "k", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		if err := store.Delete(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
	}
	if _, versions := left(t, store, cloud); versions != 4 {
		t.Errorf("%d versions", versions)
	}
	if err := store.Purge(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, versions := left(t, store, cloud); versions != 0 {
		t.Errorf("%d versions are left", versions)
	}
	mode, validity, unit := minio.Governance, uint(30), minio.Days
	if err := client.SetObjectLockConfig(t.Context(), "bbb", &mode, &validity, &unit); err != nil {
		t.Fatal(err)
	}
	expect(objectstore.VersioningEnabled, "30 days")
}

func TestUploads(t *testing.T) {
	store, cloud := openBucket(t)
	client := admin(t, cloud)
	for _, key := range []string{"p/a", "p/b", "q/c"} {
		id, err := client.NewMultipartUpload(t.Context(), "bbb", key, minio.PutObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for part := range 2 {
			if _, err := client.PutObjectPart(t.Context(), "bbb", key, id, part+1, bytes.NewReader([]byte("12345")), 5, minio.PutObjectPartOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	var keys []string
	for upload, err := range store.Uploads(t.Context(), "p/") {
		if err != nil || upload.Size != 10 || time.Since(upload.Initiated) > time.Minute {
			t.Errorf("got %v, %v", upload, err)
		}
		keys = append(keys, upload.Key)
	}
	if got := strings.Join(keys, " "); got != "p/a p/b" {
		t.Errorf("got %s", got)
	}
}

func TestSkew(t *testing.T) {
	store, cloud := openBucket(t)
	if _, told := store.Skew(); told {
		t.Error("there is a skew before anything was asked")
	}
	if err := cloud.Clock().Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	_, _ = store.CommonPrefixes(t.Context(), "") // is refused
	if skew, told := store.Skew(); !told || skew.Round(time.Minute) != time.Hour {
		t.Errorf("got %s, %v", skew, told)
	}
}

// TestBrief shows that a brief question ends, whatever answers it.
func TestBrief(t *testing.T) {
	brief := func(o *objectstore.S3Options) { o.Brief = true }
	t.Run("a long listing", func(t *testing.T) {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			_, _ = w.Write([]byte(`<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>n</NextContinuationToken><CommonPrefixes><Prefix>backups/</Prefix></CommonPrefixes></ListBucketResult>`))
		}))
		defer server.Close()
		names, err := at(t, server.URL, brief).CommonPrefixes(t.Context(), "")
		if err != nil || len(names) != 4 || asked != 4 {
			t.Errorf("got %q, %v, after %d requests", names, err, asked)
		}
	})
	t.Run("a long page", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`<ListBucketResult>` + strings.Repeat(" ", 1<<20)))
		}))
		defer server.Close()
		_, err := at(t, server.URL, brief).CommonPrefixes(t.Context(), "")
		expectPart(t, err, "correct spec.config.s3Url")
	})
	t.Run("a fault", func(t *testing.T) {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		defer server.Close()
		_, err := at(t, server.URL, brief).CommonPrefixes(t.Context(), "")
		if err == nil || asked != 1 {
			t.Errorf("got %v after %d requests", err, asked)
		}
	})
}

// at opens bucket "bbb" at an address.
func at(t *testing.T, address string, change ...func(*objectstore.S3Options)) *objectstore.S3 {
	t.Helper()
	endpoint, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	opts := objectstore.S3Options{Bucket: "bbb", Endpoint: endpoint, Region: "us-east-1"}
	for _, change := range change {
		change(&opts)
	}
	store, err := objectstore.NewS3(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}
