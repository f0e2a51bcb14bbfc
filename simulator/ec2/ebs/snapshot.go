package ebs

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/content"
	"github.com/velero-locations/velero-locations/simulator/internal/records"
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
	// Shared are the accounts, or Everybody, that see it and may make volumes of it besides its own.
	Shared  []string `json:"shared,omitempty"`
	Lock    *Lock    `json:"lock,omitempty"`
	Tiering *Tiering `json:"tiering,omitempty"`
	// Recycled says that it was deleted, and is in the recycle bin.
	Recycled *Recycled `json:"recycled,omitempty"`
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

func (s *Snapshot) attributes(now time.Time) []Attribute {
	out := append(s.Tags.attributes(),
		Attribute{"snapshot-id", s.ID}, Attribute{"volume-id", s.VolumeID}, Attribute{"status", s.Status()},
		Attribute{"owner-id", s.Account}, Attribute{"volume-size", strconv.Itoa(s.Size)}, Attribute{"encrypted", strconv.FormatBool(s.Encrypted)},
		Attribute{"storage-tier", s.Tier()}, Attribute{"start-time", Timestamp(s.Started)}, Attribute{"description", s.Description},
		Attribute{"progress", s.Progress(now)}, Attribute{copyOf, s.CopyOf}, Attribute{RestorableBy, s.Account})
	if s.Lock != nil {
		out = append(out, Attribute{LockState, s.Lock.State(now)})
	}
	if s.Tiering != nil {
		out = append(out, Attribute{LastTieringOperation, s.Tiering.Status()})
	}
	for _, account := range s.Shared {
		out = append(out, Attribute{RestorableBy, account})
	}
	return out
}

// SnapshotFilters are the names of the filters of snapshots besides tag:KEY.
var SnapshotFilters = []string{
	"snapshot-id", "volume-id", "status", "owner-id", "volume-size", "encrypted", "storage-tier", "start-time", "description", "progress",
	"tag-key",
}

// CreateSnapshot begins a snapshot of what a volume holds now. It is pending for a while.
func (s *Store) CreateSnapshot(place Place, volumeID string, r SnapshotRequest) (*Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	volume, err := s.volume(place, volumeID)
	if err != nil {
		return nil, err
	}
	snapshot, err := s.begin(r, snapshotOf(volume))
	if err != nil {
		return nil, err
	}
	return snapshot, s.create(s.snapshots.Put(snapshot.ID, snapshot))
}

// CreateSnapshots begins snapshots of the volumes that an instance holds, as far as pick wants them, all of one moment.
func (s *Store) CreateSnapshots(place Place, instance string, pick func(*Volume) (SnapshotRequest, bool)) ([]*Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	volumes, _ := s.at(place).volumes.find(Query{Filters: []Filter{{"attachment.instance-id", []string{instance}}}})
	if len(volumes) == 0 {
		return nil, refuse("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", instance)
	}
	var out []*Snapshot
	var changes []records.Change
	for _, volume := range volumes {
		request, wanted := pick(volume)
		if !wanted {
			continue
		}
		snapshot, err := s.begin(request, snapshotOf(volume))
		if err != nil {
			return nil, err
		}
		out, changes = append(out, snapshot), append(changes, s.snapshots.Put(snapshot.ID, snapshot))
	}
	return out, s.create(changes...)
}

func snapshotOf(v *Volume) Snapshot {
	return Snapshot{Place: v.Place, VolumeID: v.ID, Size: v.Size, Encryption: v.Encryption, Content: v.Content}
}

// CopySnapshot begins to copy a completed snapshot that the account sees in a region to a place, whose encryption it gets
// where there is one.
func (s *Store) CopySnapshot(place Place, region, id string, encryption Encryption, r SnapshotRequest) (*Snapshot, error) {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	source, err := s.readable(Place{place.Account, region}, id)
	if err != nil {
		return nil, err
	}
	if source.Encrypted && !encryption.Encrypted {
		encryption = source.Encryption
	}
	snapshot, err := s.begin(r, Snapshot{
		Place: place, VolumeID: CopiedVolumeID, CopyOf: id, Size: source.Size, Encryption: encryption, Content: source.Content,
	})
	if err != nil {
		return nil, err
	}
	return snapshot, s.create(s.snapshots.Put(snapshot.ID, snapshot))
}

// begin makes a snapshot that is not in the store yet.
func (s *Store) begin(r SnapshotRequest, snapshot Snapshot) (*Snapshot, error) {
	if err := r.Tags.validate(); err != nil {
		return nil, err
	}
	snapshot.Description, snapshot.Tags = r.Description, r.Tags
	snapshot.ID, snapshot.Sequence = s.nextID("snap-")
	snapshot.Started = s.options.Now().UTC()
	snapshot.Completes = snapshot.Started.Add(s.options.SnapshotDuration)
	snapshot.Completed = s.options.SnapshotDuration <= 0
	return &snapshot, nil
}

// Snapshots returns the snapshots that a query picks of those that a place sees, oldest first, and whether there are more.
func (s *Store) Snapshots(place Place, query Query) ([]*Snapshot, bool, error) {
	query.now = s.settle()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(query.IDs) > 0 {
		out, err := byIDs(query, func(id string) (*Snapshot, bool) { return s.seen(place, id) }, noSuchSnapshot)
		return out, false, err
	}
	own, more := s.look(place).snapshots.find(query)
	public, morePublic := s.look(Place{Everybody, place.Region}).snapshots.find(query)
	if len(public) == 0 {
		return own, more, nil
	}
	out := inOrder(append(own, public...)) // of a snapshot that is in both, the first stays
	if query.Limit > 0 && len(out) > query.Limit {
		out, more = out[:query.Limit], true
	}
	return out, more || morePublic, nil
}

// OwnSnapshot returns a snapshot of a place.
func (s *Store) OwnSnapshot(place Place, id string) (*Snapshot, error) {
	s.settle()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.snapshot(place, id)
}

// ChangeSnapshot replaces a snapshot by what change makes of it. An error of change leaves it as it is.
func (s *Store) ChangeSnapshot(place Place, id string, change func(*Snapshot) error) (*Snapshot, error) {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	snapshot, err := s.snapshot(place, id)
	if err != nil {
		return nil, err
	}
	changed := *snapshot
	if err := cmp.Or(change(&changed), changed.Tags.validate()); err != nil {
		return nil, err
	}
	return &changed, s.file.Write(s.snapshots.Put(id, &changed))
}

// DeleteSnapshot deletes a snapshot, unless it is locked or being copied; where deleted snapshots are kept, it is in the
// recycle bin for that time. Volumes that were made from it stay.
func (s *Store) DeleteSnapshot(place Place, id string) error {
	now := s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	snapshot, err := s.snapshot(place, id)
	if err != nil {
		return err
	}
	if snapshot.Lock.holds(now) {
		return refuse("OperationNotPermitted", "The snapshot %s is locked until %s", id, Timestamp(snapshot.Lock.Expires))
	}
	copies := Query{Filters: []Filter{{copyOf, []string{id}}, {"status", []string{"pending"}}}, Limit: 1}
	for _, in := range s.places {
		if copying, _ := in.snapshots.find(copies); len(copying) > 0 {
			return refuse("InvalidSnapshot.InUse", "The snapshot %s is currently in use by %s", id, copying[0].ID)
		}
	}
	return s.file.Write(s.discard(snapshot, now))
}

// snapshot finds a snapshot in a place, with s.mu held.
func (s *Store) snapshot(place Place, id string) (*Snapshot, error) {
	if snapshot, found := s.snapshots.Get(id); found && snapshot.Place == place && snapshot.Recycled == nil {
		return snapshot, nil
	}
	return nil, noSuchSnapshot(id)
}

// readable finds a snapshot that a place sees and that volumes and copies can be made of, with s.mu held.
func (s *Store) readable(place Place, id string) (*Snapshot, error) {
	snapshot, found := s.seen(place, id)
	switch {
	case !found:
		return nil, noSuchSnapshot(id)
	case !snapshot.Completed:
		return nil, refuse("IncorrectState", "Snapshot is in invalid state - %s", snapshot.Status())
	case snapshot.Tier() == ArchiveTier:
		return nil, refuse("IncorrectState", "Snapshot %s is archived: restore it first", id)
	}
	return snapshot, nil
}
