package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/velero-locations/velero-locations/drivers/identity"
	"github.com/velero-locations/velero-locations/drivers/objectstore"
	"github.com/velero-locations/velero-locations/internal/bounded"
)

// snapshotStore is where snapshots are kept in object storage.
type snapshotStore struct {
	bucket, prefix, region, url, profile string
	keep                                 int
}

// addFlags adds the flags of the store. What they leave out the AWS SDK's environment says.
func (o *snapshotStore) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.bucket, "bucket", "", "Bucket to put the snapshot in as well, with the credentials of $AWS_SHARED_CREDENTIALS_FILE.")
	flags.StringVar(&o.prefix, "prefix", "etcd", "What the keys in the bucket begin with, before a slash and the time.")
	flags.StringVar(&o.region, "region", os.Getenv("AWS_REGION"), "Region of the bucket.")
	flags.StringVar(&o.url, "s3-url", os.Getenv("AWS_ENDPOINT_URL_S3"), "URL of the object storage, if it is not Amazon's.")
	flags.StringVar(&o.profile, "profile", "default", "Profile of the credentials file.")
	flags.IntVar(&o.keep, "keep", 7, "How many snapshots to keep in the bucket, the newest.")
}

func (o *snapshotStore) validate() error {
	if o.bucket != "" && o.keep < 1 {
		return fmt.Errorf("--keep is %d: it must be at least 1, since the new snapshot is one of them", o.keep)
	}
	return nil
}

// open returns the bucket.
func (o *snapshotStore) open(ctx context.Context) (objectstore.Store, error) {
	file, err := bounded.ReadFile(ctx, os.Getenv("AWS_SHARED_CREDENTIALS_FILE"))
	if err != nil {
		return nil, fmt.Errorf("reading the credentials ($AWS_SHARED_CREDENTIALS_FILE must name their file): %w", err)
	}
	options := objectstore.S3Options{Bucket: o.bucket, Region: o.region}
	if o.url != "" {
		endpoint, err := url.Parse(o.url)
		if err != nil || endpoint.Host == "" {
			return nil, errors.New("--s3-url is no URL: give it a scheme and a host, such as https://s3.example.org")
		}
		options.Endpoint, options.PathStyle = endpoint, true
	}
	if options.Keys, err = identity.Open(file, o.profile, identity.Options{Region: o.region}); err != nil {
		return nil, err
	}
	return objectstore.NewS3(options)
}

// timeFormat of keys sorts as the times do.
const timeFormat = "2006-01-02T15-04-05Z"

var snapshotName = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db$`)

// put stores a snapshot under its time, and then removes those that are too old, of those that have a time as their name.
func (o *snapshotStore) put(ctx context.Context, file string, now time.Time) (key string, err error) {
	store, err := o.open(ctx)
	if err != nil {
		return "", err
	}
	defer store.Close()
	content, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("reading the snapshot: %w", err)
	}
	defer func() { _ = content.Close() }()
	key = path.Join(strings.Trim(o.prefix, "/"), now.UTC().Format(timeFormat)+".db")
	if err := store.Put(ctx, key, content); err != nil {
		return "", fmt.Errorf("storing the snapshot: %w", err)
	}
	return key, o.prune(ctx, store, path.Dir(key))
}

func (o *snapshotStore) prune(ctx context.Context, store objectstore.Store, dir string) error {
	prefix := dir + "/"
	if dir == "." {
		prefix = ""
	}
	var keys []string
	for key, err := range store.Keys(ctx, prefix) {
		if err != nil {
			return fmt.Errorf("listing older snapshots: %w", err)
		}
		if snapshotName.MatchString(strings.TrimPrefix(key, prefix)) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys[:max(len(keys)-o.keep, 0)] {
		if err := store.Delete(ctx, key); err != nil {
			return fmt.Errorf("removing the older snapshot %s: %w", key, err)
		}
	}
	return nil
}
