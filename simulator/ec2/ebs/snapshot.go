package ebs

import (
	"fmt"
	"strconv"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/content"
)

// CopiedVolumeID is what the copy of a snapshot has for its volume, as CopySnapshot documents it.
const CopiedVolumeID = "vol-ffffffff"

// Snapshot is a snapshot of a volume.
type Snapshot struct {
	ID string `json:"id"`
	Place
	Sequence uint64 `json:"sequence"`
	VolumeID string `json:"volumeID"`
	// CopyOf is the snapshot that this one is a copy of, perhaps of another region.
	CopyOf      string `json:"copyOf,omitempty"`
	Description string `json:"description,omitempty"`
	// Size is that of the volume, in GiB.
	Size int `json:"size"`
	Encryption
	Started time.Time `json:"started"`
	// Completes is when the snapshot is no longer pending; Completed says that it is not.
	Completes time.Time `json:"completes"`
	Completed bool      `json:"-"`
	Tags      Tags      `json:"tags,omitempty"`
	// Content is what the volume held when the snapshot was asked for.
	Content content.Identity `json:"content"`
}

// SnapshotRequest asks for a snapshot.
type SnapshotRequest struct {
	Description string
	Tags        Tags
}

func (s *Snapshot) sequence() uint64 { return s.Sequence }
func (s *Snapshot) place() Place     { return s.Place }

// complete says of a snapshot that was loaded whether its time has come. One that began in the future was made while the clock was ahead;
// there is nothing to wait for.
func (s *Snapshot) complete(now time.Time) {
	s.Completed = !s.Completes.After(now) || s.Started.After(now)
}

// Status is pending or completed.
func (s *Snapshot) Status() string {
	if s.Completed {
		return "completed"
	}
	return "pending"
}

// Progress is how much of the snapshot is done at a time, in percent.
func (s *Snapshot) Progress(now time.Time) string {
	if s.Completed {
		return "100%"
	}
	done := max(0, min(99, 100*now.Sub(s.Started)/s.Completes.Sub(s.Started)))
	return fmt.Sprintf("%d%%", done)
}

// copyOf finds copies; EC2 has no such filter.
const copyOf = "\x00copy-of"

func (s *Snapshot) attributes() []Attribute {
	return append(s.Tags.attributes(),
		Attribute{"snapshot-id", s.ID}, Attribute{"volume-id", s.VolumeID}, Attribute{"status", s.Status()},
		Attribute{"owner-id", s.Account}, Attribute{"volume-size", strconv.Itoa(s.Size)}, Attribute{"encrypted", strconv.FormatBool(s.Encrypted)},
		Attribute{"storage-tier", "standard"}, Attribute{"start-time", Timestamp(s.Started)}, Attribute{"description", s.Description},
		Attribute{copyOf, s.CopyOf})
}

// SnapshotFilters are the names of the filters of snapshots besides tag:KEY.
var SnapshotFilters = []string{
	"snapshot-id", "volume-id", "status", "owner-id", "volume-size", "encrypted", "storage-tier", "start-time", "description", "tag-key",
}

// CreateSnapshot begins a snapshot of what a volume holds now. It is pending for a while.
func (s *Store) CreateSnapshot(place Place, volumeID string, r SnapshotRequest) (*Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	volume, err := s.volume(place, volumeID)
	if err != nil {
		return nil, err
	}
	return s.begin(r, Snapshot{
		Place: place, VolumeID: volumeID, Size: volume.Size, Encryption: volume.Encryption, Content: volume.Content,
	})
}

// CopySnapshot begins to copy a completed snapshot from a region of the account to a place, whose encryption it gets where
// there is one.
func (s *Store) CopySnapshot(place Place, region, id string, encryption Encryption, r SnapshotRequest) (*Snapshot, error) {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	source, err := s.snapshot(Place{place.Account, region}, id)
	if err != nil {
		return nil, err
	}
	if !source.Completed {
		return nil, refuse("IncorrectState", "Snapshot is in invalid state - %s", source.Status())
	}
	if source.Encrypted && !encryption.Encrypted {
		encryption = source.Encryption
	}
	return s.begin(r, Snapshot{
		Place: place, VolumeID: CopiedVolumeID, CopyOf: id, Size: source.Size, Encryption: encryption, Content: source.Content,
	})
}

func (s *Store) begin(r SnapshotRequest, snapshot Snapshot) (*Snapshot, error) {
	if err := r.Tags.validate(); err != nil {
		return nil, err
	}
	snapshot.Description, snapshot.Tags = r.Description, r.Tags
	snapshot.ID, snapshot.Sequence = s.nextID("snap-")
	snapshot.Started = s.options.Now().UTC()
	snapshot.Completes = snapshot.Started.Add(s.options.SnapshotDuration)
	snapshot.Completed = s.options.SnapshotDuration <= 0
	return &snapshot, s.create(s.snapshots.Put(snapshot.ID, &snapshot))
}

// Snapshots returns the snapshots that a query picks, oldest first, and whether there are more.
func (s *Store) Snapshots(place Place, query Query) ([]*Snapshot, bool, error) {
	s.settle()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return search(place, s.snapshots, &s.look(place).snapshots, query, noSuchSnapshot)
}

// ChangeSnapshot replaces a snapshot by what change makes of it. An error of change leaves it as it is.
func (s *Store) ChangeSnapshot(place Place, id string, change func(*Snapshot)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	snapshot, err := s.snapshot(place, id)
	if err != nil {
		return err
	}
	changed := *snapshot
	change(&changed)
	if err := changed.Tags.validate(); err != nil {
		return err
	}
	return s.file.Write(s.snapshots.Put(id, &changed))
}

// DeleteSnapshot deletes a snapshot, unless it is being copied. Volumes that were made from it stay.
func (s *Store) DeleteSnapshot(place Place, id string) error {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.snapshot(place, id); err != nil {
		return err
	}
	copies := Query{Filters: []Filter{{copyOf, []string{id}}, {"status", []string{"pending"}}}, Limit: 1}
	for elsewhere, in := range s.places {
		if copying, _ := in.snapshots.find(copies); elsewhere.Account == place.Account && len(copying) > 0 {
			return refuse("InvalidSnapshot.InUse", "The snapshot %s is currently in use by %s", id, copying[0].ID)
		}
	}
	return s.file.Write(s.snapshots.Delete(id))
}

// snapshot finds a snapshot in a place, with s.mu held.
func (s *Store) snapshot(place Place, id string) (*Snapshot, error) {
	if snapshot, found := s.snapshots.Get(id); found && snapshot.Place == place {
		return snapshot, nil
	}
	return nil, noSuchSnapshot(id)
}
