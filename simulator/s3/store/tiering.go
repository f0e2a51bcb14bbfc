package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/velero-locations/velero-locations/simulator/s3/lifecycle"
	"github.com/velero-locations/velero-locations/simulator/s3/storageclass"
)

// Tiering is where an object of S3 Intelligent-Tiering is.
type Tiering struct {
	// Accessed is when the object was last read, or came into the class, to the day; zero is never since it was written.
	Accessed time.Time `json:"accessed,omitzero"`
	// Archive is the archive that it was moved to since, ARCHIVE_ACCESS or DEEP_ARCHIVE_ACCESS.
	Archive string `json:"archive,omitempty"`
}

// ArchiveTier is the archive tier of S3 Intelligent-Tiering that the object is in at a time; empty is none.
func (a *Attributes) ArchiveTier(now time.Time) string {
	if a.Tiering.Archive != "" && !a.Restore.Ready.IsZero() && !a.Restore.Ongoing(now) {
		return "" // it was restored, for good
	}
	return a.Tiering.Archive
}

// accessed is when the object was last written, read or restored.
func (o *Object) accessed(now time.Time) time.Time {
	last := o.Modified
	for _, access := range []time.Time{o.Tiering.Accessed, o.Restore.Ready} {
		if access.After(last) && !access.After(now) {
			last = access
		}
	}
	return last
}

// Touch notes that a version was read, if that matters: once a day, of an object of S3 Intelligent-Tiering.
func (b *Bucket) Touch(o *Object) error {
	now := b.store.now()
	if o.StorageClass() != storageclass.IntelligentTiering || now.Before(lifecycle.NextMidnight(o.accessed(now))) {
		return nil
	}
	_, err := b.Change(o.Key, o.Version, func(a *Attributes) error { a.Tiering.Accessed = now; return nil })
	if errors.Is(err, ErrNoSuchKey) || errors.Is(err, ErrNoSuchVersion) {
		return nil // it was deleted meanwhile
	}
	return err
}

// applyTiering moves to archives what nobody has read for as long as the bucket's configurations say.
func (b *Bucket) applyTiering(now time.Time) error {
	configurations := b.Settings().Tiering
	if len(configurations) == 0 {
		return nil
	}
	var errs []error
	b.objects().Ascend(func(e entry) bool {
		for version := e.latest; version != nil; version = version.older {
			if version.colder(configurations, now) != "" {
				errs = append(errs, b.archive(version.Key, version.Version, configurations, now))
			}
		}
		return true
	})
	return errors.Join(errs...)
}

// archive moves a version to the archive that it has to be in, unless it was read or deleted meanwhile.
func (b *Bucket) archive(key, version string, configurations []lifecycle.Tiering, now time.Time) error {
	defer b.lockKey(key)()
	object := b.latest(key).find(version)
	if object == nil || b.gone {
		return nil
	}
	tier := object.colder(configurations, now)
	if tier == "" {
		return nil
	}
	moved := *object
	moved.Tiering.Accessed = object.accessed(now)
	moved.Tiering.Archive, moved.Restore = tier, Restore{}
	if err := b.replace(object, &moved); err != nil {
		return fmt.Errorf("moving it to %s: %w", tier, err)
	}
	return nil
}

// colder is the archive that the object has to go to by now; empty for none.
func (o *Object) colder(configurations []lifecycle.Tiering, now time.Time) string {
	about := o.forLifecycle()
	tier := lifecycle.ArchiveTier(configurations, &about, o.accessed(now), now)
	current := o.ArchiveTier(now)
	if o.Restore.Ongoing(now) || tier == current || current == storageclass.DeepArchiveAccess {
		return ""
	}
	return tier
}
