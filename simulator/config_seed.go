package simulator

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/s3"
)

// MaxSeeds is how many files a folder of seeds has at most: more is likely a mistake, such as the root of a disk.
const MaxSeeds = 100_000

// FirstAccount is the account that is made where something needs one and the configuration has none.
const FirstAccount = "111111111111"

// First returns the first account of the configuration, which it makes where there is none.
func (c *Config) First() *AccountConfig {
	if len(c.Accounts) == 0 {
		c.Accounts = []AccountConfig{{ID: FirstAccount}}
	}
	return &c.Accounts[0]
}

// AddSeeds adds the objects of a folder: DIR/BUCKET/KEY. A bucket that is not configured is one of the first account, and an object that
// is configured is the one in the folder. Their files are read when the objects are created, at each start and each reset.
func (c *Config) AddSeeds(dir string) error {
	buckets, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("reading the folder of seeds: %w", err)
	}
	seeds := 0
	for _, folder := range buckets {
		path := filepath.Join(dir, folder.Name())
		if !folder.IsDir() {
			return fmt.Errorf("%s is no folder: what is in %s is a folder for each bucket, named as it is", path, dir)
		}
		if err := s3.ValidateBucketName(folder.Name()); err != nil {
			return fmt.Errorf("%s cannot be a bucket: %w", path, err)
		}
		objects, err := readSeeds(path, MaxSeeds-seeds)
		if err != nil {
			return err
		}
		seeds += len(objects)
		c.bucket(folder.Name()).replaceObjects(objects)
	}
	return nil
}

// readSeeds returns the objects in the folder of a bucket, of which there may be so many.
func readSeeds(dir string, most int) ([]ObjectConfig, error) {
	var out []ObjectConfig
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a folder, and links are not followed", path)
		}
		relative, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		key := filepath.ToSlash(relative)
		if err := s3.ValidateKey(key); err != nil {
			return fmt.Errorf("%q cannot be an object: %w", path, err)
		}
		if len(out) == most {
			return fmt.Errorf("%s: there are more than %d files of seeds", dir, MaxSeeds)
		}
		out = append(out, ObjectConfig{Seed: s3.Seed{Key: key}, File: path})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading seeds: %w", err)
	}
	return out, nil
}

// bucket finds a bucket of a name, or adds one to the first account.
func (c *Config) bucket(name string) *BucketConfig {
	named := func(b BucketConfig) bool { return b.Name == name }
	for i := range c.Accounts {
		if j := slices.IndexFunc(c.Accounts[i].Buckets, named); j >= 0 {
			return &c.Accounts[i].Buckets[j]
		}
	}
	first := c.First()
	first.Buckets = append(first.Buckets, BucketConfig{Name: name})
	return &first.Buckets[len(first.Buckets)-1]
}

func (b *BucketConfig) replaceObjects(by []ObjectConfig) {
	replaced := map[string]bool{}
	for _, object := range by {
		replaced[object.Key] = true
	}
	kept := slices.DeleteFunc(slices.Clone(b.Objects), func(o ObjectConfig) bool { return replaced[o.Key] })
	b.Objects = slices.Concat(kept, by)
}
