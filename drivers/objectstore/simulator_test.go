package objectstore_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	miniocredentials "github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/locations/credentials"
	"github.com/velero-locations/velero-locations/simulator"
)

// mine owns the buckets of the tests; others belongs to another account.
var (
	mine   = credentials.AWS{AccessKeyID: "AKIAMINE000000000000", SecretAccessKey: "secret-of-mine"}
	others = credentials.AWS{AccessKeyID: "AKIAOTHERS0000000000", SecretAccessKey: "secret-of-others"}
)

// simulate starts a cloud of two regions, with a bucket in each, and returns its address. The clock
// of the cloud is ahead of the machine's.
func simulate(t *testing.T, ahead time.Duration) *url.URL {
	t.Helper()
	account := func(id string, key credentials.AWS, buckets ...simulator.BucketConfig) simulator.AccountConfig {
		return simulator.AccountConfig{
			ID: id, Buckets: buckets,
			AccessKeys: []simulator.AccessKeyConfig{{ID: key.AccessKeyID, Secret: key.SecretAccessKey}},
		}
	}
	config := simulator.Config{
		APIVersion: simulator.APIVersion, Kind: simulator.Kind,
		Regions: []string{"us-east-1", "us-west-1"},
		Accounts: []simulator.AccountConfig{
			account("111111111111", mine, simulator.BucketConfig{Name: "east", Region: "us-east-1"}, simulator.BucketConfig{Name: "west", Region: "us-west-1"}),
			account("222222222222", others),
		},
	}
	config.SetDefaults()
	cloud, err := simulator.New(config, simulator.WithClock(func() time.Time { return time.Now().Add(ahead) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(cloud.Handler())
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func list(t *testing.T, opts objectstore.S3Options, prefix string) ([]string, error) {
	t.Helper()
	store, err := objectstore.NewS3(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	return store.CommonPrefixes(t.Context(), prefix)
}

// put makes empty objects.
func put(t *testing.T, address *url.URL, bucket string, keys ...string) {
	t.Helper()
	client, err := minio.New(address.Host, &minio.Options{
		Creds:        miniocredentials.NewStaticV4(mine.AccessKeyID, mine.SecretAccessKey, ""),
		Region:       "us-east-1",
		BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		if _, err := client.PutObject(t.Context(), bucket, key, strings.NewReader(""), 0, minio.PutObjectOptions{}); err != nil {
			t.Fatalf("putting %s: %v", key, err)
		}
	}
}

func TestListingSimulator(t *testing.T) {
	address := simulate(t, 0)
	opts := objectstore.S3Options{Bucket: "east", Endpoint: address, Region: "us-east-1", Keys: mine}
	put(t, address, "east", "file", "backups/b/velero-backup.json", "team a/backups/x", "team a/file", "team a/", "team+b/ü/x")

	for prefix, want := range map[string][]string{
		"":        {"backups/", "team a/", "team+b/"},
		"team a/": {"team a/backups/"},
		"team+b/": {"team+b/ü/"},
		"none/":   nil,
	} {
		names, err := list(t, opts, prefix)
		if err != nil || !slices.Equal(names, want) {
			t.Errorf("under %q: got %q, %v; want %q", prefix, names, err, want)
		}
	}
}

// TestPagesOfSimulator lists more than one page holds.
func TestPagesOfSimulator(t *testing.T) {
	address := simulate(t, 0)
	const count = 1005
	keys := make([]string, count)
	for i := range keys {
		keys[i] = fmt.Sprintf("d%04d/x", i)
	}
	put(t, address, "east", keys...)
	names, err := list(t, objectstore.S3Options{Bucket: "east", Endpoint: address, Region: "us-east-1", Keys: mine}, "")
	if err != nil || len(names) != count || names[count-1] != "d1004/" {
		t.Errorf("got %d names, %v", len(names), err)
	}
}

// TestAnswersOfSimulator shows what a user reads who got one thing wrong.
func TestAnswersOfSimulator(t *testing.T) {
	address := simulate(t, 0)
	wrong := credentials.AWS{AccessKeyID: mine.AccessKeyID, SecretAccessKey: "another"}
	for name, tc := range map[string]struct {
		change func(*objectstore.S3Options)
		want   string // empty: no error; @ stands for the endpoint
	}{
		"nothing wrong":            {change: func(*objectstore.S3Options) {}},
		"no region":                {change: func(o *objectstore.S3Options) { o.Region = "" }},
		"no region, the other":     {change: func(o *objectstore.S3Options) { o.Bucket, o.Region = "west", "" }},
		"the other bucket":         {change: func(o *objectstore.S3Options) { o.Bucket, o.Region = "west", "us-west-1" }},
		"host style on a plain IP": {change: func(o *objectstore.S3Options) { o.PathStyle = false }},
		"wrong region": {
			change: func(o *objectstore.S3Options) { o.Bucket = "west" },
			want:   `the bucket "west" is in region us-west-1, not us-east-1: set spec.config.region to us-west-1`,
		},
		"a region that does not exist": {
			change: func(o *objectstore.S3Options) { o.Region = "us-east-11" },
			want:   `the bucket "east" is in region us-east-1, not us-east-11: set spec.config.region to us-east-1`,
		},
		"no such bucket": {
			change: func(o *objectstore.S3Options) { o.Bucket = "east-1" },
			want:   `there is no bucket "east-1" at @ (404 NoSuchBucket: The specified bucket does not exist): create it, or correct spec.objectStorage.bucket`,
		},
		"no such bucket, no region": {
			change: func(o *objectstore.S3Options) { o.Bucket, o.Region = "east-1", "" },
			want:   `there is no bucket "east-1" at @ (404 NoSuchBucket: The specified bucket does not exist): create it, or correct spec.objectStorage.bucket`,
		},
		"another's bucket": {
			change: func(o *objectstore.S3Options) { o.Keys = others },
			want:   `the credentials may not list the bucket "east" (403 AccessDenied: Access Denied): allow them s3:ListBucket there, or use others`,
		},
		"unknown key": {
			change: func(o *objectstore.S3Options) {
				o.Keys = credentials.AWS{AccessKeyID: "AKIANOBODY0000000000", SecretAccessKey: mine.SecretAccessKey}
			},
			want: `@ does not know the access key (403 InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records): correct aws_access_key_id in the credentials`,
		},
		"wrong secret": {
			change: func(o *objectstore.S3Options) { o.Keys = wrong },
			want:   `@ refuses the signature (403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method): correct aws_secret_access_key in the credentials`,
		},
		"wrong secret and no region": {
			change: func(o *objectstore.S3Options) { o.Keys, o.Region = wrong, "" },
			want:   `@ refuses the signature (403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your key and signing method): correct aws_secret_access_key in the credentials`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			opts := objectstore.S3Options{Bucket: "east", Endpoint: address, Region: "us-east-1", Keys: mine}
			tc.change(&opts)
			_, err := list(t, opts, "")
			expectText(t, err, strings.ReplaceAll(tc.want, "@", address.String()))
		})
	}
}

func TestClocksOfSimulator(t *testing.T) {
	address := simulate(t, time.Hour)
	_, err := list(t, objectstore.S3Options{Bucket: "east", Endpoint: address, Region: "us-east-1", Keys: mine}, "")
	expectText(t, err, "the clocks here and at "+address.String()+" differ too much for signed requests (403 RequestTimeTooSkewed: The difference between the request time and the current time is too large): set the clocks right")
}

func expectText(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
