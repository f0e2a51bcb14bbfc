package store

import (
	"time"

	"github.com/velero-locations/velero-locations/simulator/s3/storageclass"
)

// StorageClassHeader is the header of an object that has its storage class, unless that is the standard one.
const StorageClassHeader = "X-Amz-Storage-Class"

// StorageClass is the class that the object is in.
func (a *Attributes) StorageClass() string {
	if class := a.Headers[StorageClassHeader]; class != "" {
		return class
	}
	return storageclass.Standard
}

// Readable says whether the object can be read at a time: one in an archive only while there is a copy of it,
// or when it has left the archive.
func (a *Attributes) Readable(now time.Time) bool {
	return a.ArchiveTier(now) == "" && (!storageclass.Archived(a.StorageClass()) || a.Restore.Restored(now))
}

// Restore is a copy of an archived object that can be read for a while. An object in INTELLIGENT_TIERING has none: it leaves the archive.
type Restore struct {
	// Ready is when the copy is there, and Until when it is gone again.
	Ready time.Time `json:"ready,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Ongoing says that the copy is being made.
func (r Restore) Ongoing(now time.Time) bool { return now.Before(r.Ready) }

// Restored says that the copy is there.
func (r Restore) Restored(now time.Time) bool { return !r.Ongoing(now) && now.Before(r.Until) }
