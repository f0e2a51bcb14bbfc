package gofakes3backend

import (
	"cmp"

	"github.com/johannesboyne/gofakes3"

	"github.com/velero-locations/velero-locations/simulator/s3/store"
)

// versionID is how a version of an object is named to gofakes3: not at all in a bucket that was never versioned.
func versionID(bucket *store.Bucket, version string) gofakes3.VersionID {
	if bucket.Settings().Versioning == "" {
		return ""
	}
	return gofakes3.VersionID(version)
}

// VersioningConfiguration says whether a bucket is versioned.
func (b *Backend) VersioningConfiguration(name string) (gofakes3.VersioningConfiguration, error) {
	bucket, err := b.bucket(name)
	if err != nil {
		return gofakes3.VersioningConfiguration{}, err
	}
	return gofakes3.VersioningConfiguration{Status: gofakes3.VersioningStatus(bucket.Settings().Versioning)}, nil
}

// SetVersioningConfiguration begins or suspends the versioning of a bucket. It cannot be suspended where versions can be
// locked, and never ends.
func (b *Backend) SetVersioningConfiguration(name string, v gofakes3.VersioningConfiguration) error {
	if v.MFADelete.Enabled() {
		return gofakes3.ErrNotImplemented
	}
	if v.Status != gofakes3.VersioningEnabled && v.Status != gofakes3.VersioningSuspended {
		return gofakes3.ErrIllegalVersioningConfiguration
	}
	bucket, err := b.bucket(name)
	if err != nil {
		return err
	}
	return refusal(bucket.Configure(func(s *store.Settings) error {
		if s.ObjectLock && !v.Enabled() {
			return gofakes3.ErrIllegalVersioningConfiguration
		}
		s.Versioning = store.Versioning(v.Status)
		return nil
	}), name, "")
}

// GetObjectVersion opens a version of an object, or a range of it; an empty version is the latest.
func (b *Backend) GetObjectVersion(bucket, key string, version gofakes3.VersionID, requested *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	return b.open(bucket, key, string(version), requested)
}

// HeadObjectVersion describes a version of an object; an empty version is the latest.
func (b *Backend) HeadObjectVersion(bucket, key string, version gofakes3.VersionID) (*gofakes3.Object, error) {
	return b.head(bucket, key, string(version))
}

// DeleteObjectVersion deletes a version for good; an empty version is the one that was written without versioning.
func (b *Backend) DeleteObjectVersion(bucket, key string, version gofakes3.VersionID) (gofakes3.ObjectDeleteResult, error) {
	return b.delete(bucket, store.Deletion{Key: key, Version: cmp.Or(string(version), store.NullVersion)})
}

// DeleteMultiVersions deletes objects, and versions where they are named. One that cannot be deleted does not keep the
// others from it.
func (b *Backend) DeleteMultiVersions(bucket string, objects ...gofakes3.ObjectID) (gofakes3.MultiDeleteResult, error) {
	var out gofakes3.MultiDeleteResult
	if _, err := b.bucket(bucket); err != nil {
		return out, err
	}
	for _, object := range objects {
		if _, err := b.delete(bucket, store.Deletion{Key: object.Key, Version: object.VersionID}); err != nil {
			failed := gofakes3.ErrorResultFromError(err)
			failed.Key = object.Key
			out.Error = append(out.Error, failed)
			continue
		}
		out.Deleted = append(out.Deleted, object)
	}
	return out, nil
}

// ListBucketVersions lists a page of the versions in a bucket, by key and the latest first; without a limit it lists all.
func (b *Backend) ListBucketVersions(name string, prefix *gofakes3.Prefix, page *gofakes3.ListBucketVersionsPage) (*gofakes3.ListBucketVersionsResult, error) {
	bucket, err := b.bucket(name)
	if err != nil {
		return nil, err
	}
	if page == nil {
		page = &gofakes3.ListBucketVersionsPage{}
	}
	options := listOptions(prefix, page.MaxKeys)
	options.Versions, options.After, options.AfterVersion = true, page.KeyMarker, string(page.VersionIDMarker)
	found := bucket.List(options)
	out := gofakes3.NewListBucketVersionsResult(name, prefix, page)
	out.IsTruncated, out.NextKeyMarker, out.NextVersionIDMarker = found.Truncated, found.Next, gofakes3.VersionID(found.NextVersion)
	for _, object := range found.Objects {
		out.Versions = append(out.Versions, listed(bucket, object, found.Latest[object]))
	}
	for _, common := range found.Prefixes {
		out.AddPrefix(common)
	}
	return out, nil
}

func listed(bucket *store.Bucket, object *store.Object, latest bool) gofakes3.VersionItem {
	modified, id := gofakes3.NewContentTime(object.Modified), versionID(bucket, object.Version)
	if object.DeleteMarker {
		return &gofakes3.DeleteMarker{Key: object.Key, VersionID: id, IsLatest: latest, LastModified: modified}
	}
	return &gofakes3.Version{
		Key: object.Key, VersionID: id, IsLatest: latest, LastModified: modified, Size: object.Size, ETag: gofakes3.FormatETag(hash(object)),
	}
}
