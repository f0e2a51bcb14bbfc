package azure

import (
	"cmp"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/content"
)

// SnapshotInfo is what the API tells of a snapshot.
type SnapshotInfo struct {
	ID       string `json:"id" doc:"Its resource id."`
	Location string `json:"location" doc:"Its location, which is that of the disk."`
	// Source is the id of the disk that it was made of.
	Source      string            `json:"source" doc:"Resource id of the disk that it was made of."`
	Incremental bool              `json:"incremental" doc:"Whether it holds only what changed since the disk's last incremental snapshot."`
	Size        int               `json:"sizeGiB" doc:"Size of the disk in GiB."`
	Tags        map[string]string `json:"tags,omitempty" doc:"Its tags."`
	Created     time.Time         `json:"created" doc:"When it was created."`
}

// Snapshot is a snapshot of a disk.
type Snapshot struct {
	SnapshotInfo
	Account string `json:"account"`
	// Content is what the disk held when the snapshot was created.
	Content content.Identity `json:"content"`
}

// NewSnapshot asks for a snapshot.
type NewSnapshot struct {
	Location    string            `json:"location" doc:"Location; that of the disk."`
	Source      string            `json:"source" doc:"Resource id of the disk."`
	Incremental bool              `json:"incremental,omitempty" doc:"Whether it is to hold only what changed; left out: no."`
	Tags        map[string]string `json:"tags,omitempty" doc:"Tags."`
}

// maxIncremental is how many incremental snapshots a disk may have.
const maxIncremental = 500

// createSnapshot creates a snapshot of what a disk holds now, also in another resource group and another subscription.
// Where the same was created before, it returns that. The id must be one that group returned.
func (s *Store) createSnapshot(account string, id ID, r NewSnapshot) (_ *Snapshot, created bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	disk, err := source(s, account, disks, r.Source, s.findDisk)
	if err != nil {
		return nil, false, err
	}
	if existing, found := s.snapshots.Get(id.key()); found {
		if existing.Source != disk.ID || existing.Incremental != r.Incremental || existing.Location != r.Location {
			return nil, false, conflict("snapshot", id)
		}
		return existing, false, nil
	}
	if err := cmp.Or(checkName(id.Name), checkTags(r.Tags), s.checkSnapshot(id, r, disk)); err != nil {
		return nil, false, err
	}
	snapshot := &Snapshot{
		SnapshotInfo: SnapshotInfo{
			ID: id.String(), Location: r.Location, Source: disk.ID, Incremental: r.Incremental, Size: disk.Size, Tags: r.Tags,
			Created: s.options.Now().UTC(),
		},
		Account: account, Content: disk.Content,
	}
	return snapshot, true, s.file.Write(s.snapshots.Put(id.key(), snapshot))
}

// checkSnapshot refuses a snapshot where there can be none of the disk.
func (s *Store) checkSnapshot(id ID, r NewSnapshot, disk *Disk) error {
	of, _ := ParseID(disk.ID)
	switch {
	case r.Location == "":
		return badRequest("LocationRequired", "The location property is required for this definition.")
	case r.Location != disk.Location:
		return elsewhere("disk", disk.ID, disk.Location, "snapshot", r.Location)
	case !r.Incremental:
		return nil
	case !strings.EqualFold(of.Subscription, id.Subscription):
		return badRequest("OperationNotAllowed", "An incremental snapshot can't be created outside of the disk's subscription: disk '%s' is in %s, the snapshot would be in %s.",
			disk.ID, of.Subscription, id.Subscription)
	}
	n := 0
	for other := range s.snapshots.All() {
		if other.Incremental && other.Source == disk.ID {
			n++
		}
	}
	if n >= maxIncremental {
		return badRequest("OperationNotAllowed", "Disk '%s' has %d incremental snapshots, which is the most that a disk may have.", disk.ID, n)
	}
	return nil
}

// deleteSnapshot deletes a snapshot, if it is there. Disks that were made from it, and later incremental ones, stay whole.
func (s *Store) deleteSnapshot(id ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Write(s.snapshots.Delete(id.key()))
}

// Snapshots returns those of all accounts, by account and id.
func (s *Store) Snapshots() []*Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.snapshots.Sorted(func(t *Snapshot) string { return t.Account + t.ID }, nil)
}

func (s *Store) findSnapshot(id ID) (*Snapshot, error) {
	if snapshot, found := s.snapshots.Get(id.key()); found {
		return snapshot, nil
	}
	return nil, noResource(id)
}

func (s *Store) snapshot(id ID) (*Snapshot, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.findSnapshot(id)
}
