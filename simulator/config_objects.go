package simulator

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/s3"
	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// ObjectConfig is an object that exists from the start.
type ObjectConfig struct {
	s3.Seed `json:",inline"`
	// Content is what the object holds, or File is where that is, from where the simulator is started. Neither: nothing.
	Content string `json:"content,omitempty"`
	File    string `json:"file,omitempty"`
}

func (v *validation) objects(path string, bucket BucketConfig) {
	switch bucket.Versioning {
	case "", store.VersioningEnabled, store.VersioningSuspended:
	default:
		v.add(path+".versioning", "%q is not one of %s and %s", bucket.Versioning, store.VersioningEnabled, store.VersioningSuspended)
	}
	seen := map[string]string{}
	for i, object := range bucket.Objects {
		at := fmt.Sprintf("%s.objects[%d]", path, i)
		object.Validate(func(field, format string, args ...any) { v.add(at+field, format, args...) })
		if object.Content != "" && object.File != "" {
			v.add(at+".file", "there is content, too: give one of them")
		}
		if bucket.Versioning != store.VersioningEnabled {
			v.unique(seen, at+".key", object.Key, fmt.Sprintf("without versioning: Enabled %q is there once; it", object.Key))
		}
	}
}

// checkFiles says which file of an object is not there, before anything is made or removed for those that are.
func (c *Config) checkFiles() error {
	for path, object := range c.objects() {
		if object.File == "" {
			continue
		}
		if err := checkRegular(object.File); err != nil {
			return fmt.Errorf("%s.file: %w", path, err)
		}
	}
	return nil
}

func checkRegular(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err // which names the file
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	return nil
}

// objects are all those of the configuration, with their paths in it.
func (c *Config) objects() iter.Seq2[string, ObjectConfig] {
	return func(yield func(string, ObjectConfig) bool) {
		for i, account := range c.Accounts {
			for j, bucket := range account.Buckets {
				for k, object := range bucket.Objects {
					if !yield(fmt.Sprintf("accounts[%d].buckets[%d].objects[%d]", i, j, k), object) {
						return
					}
				}
			}
		}
	}
}

// createObjects creates the objects of the configuration where there is none of their keys, not even a version.
func (s *Simulator) createObjects() error {
	for _, account := range s.config.Accounts {
		for _, configured := range account.Buckets {
			bucket, found := s.store.Bucket(configured.Region, configured.Name)
			if !found {
				return fmt.Errorf("bucket %s in %s: %w", configured.Name, configured.Region, store.ErrNoSuchBucket)
			}
			if err := createObjects(bucket, configured.Objects); err != nil {
				return err
			}
		}
	}
	return nil
}

func createObjects(bucket *store.Bucket, configured []ObjectConfig) error {
	there := map[string]bool{}
	for _, object := range configured {
		existing, err := bucket.Get(object.Key, "")
		if err != nil && !errors.Is(err, store.ErrNoSuchKey) {
			return err
		}
		there[object.Key] = existing != nil
	}
	for _, object := range configured {
		if there[object.Key] {
			continue
		}
		if err := object.create(bucket); err != nil {
			return fmt.Errorf("creating object %s/%s: %w", bucket.Info().Name, object.Key, err)
		}
	}
	return nil
}

func (o ObjectConfig) create(bucket *store.Bucket) error {
	if o.File == "" {
		return o.Put(bucket, strings.NewReader(o.Content), int64(len(o.Content)))
	}
	file, err := os.Open(o.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return o.Put(bucket, file, info.Size())
}
