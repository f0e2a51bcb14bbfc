package ebs

import (
	"cmp"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/velero-locations/velero-locations/simulator/internal/content"
)

// Volume is an EBS volume.
type Volume struct {
	ID string `json:"id"`
	Place
	Sequence uint64 `json:"sequence"`
	// Zone is the name of its availability zone.
	Zone string `json:"zone"`
	Performance
	Encryption
	// SnapshotID is the snapshot that it was made from, or nothing.
	SnapshotID  string      `json:"snapshotID,omitempty"`
	MultiAttach bool        `json:"multiAttach,omitempty"`
	Created     time.Time   `json:"created"`
	Tags        Tags        `json:"tags,omitempty"`
	Attachment  *Attachment `json:"attachment,omitempty"`
	// Content changes with each write.
	Content content.Identity `json:"content"`
	// Modification is the last change of its performance.
	Modification *Modification `json:"modification,omitempty"`
	// Request is the one that created it, where that had a token to be repeated with.
	Request *VolumeRequest `json:"request,omitempty"`
}

// Encryption of a volume or a snapshot.
type Encryption struct {
	Encrypted bool `json:"encrypted,omitempty"`
	// KMSKeyID is the ARN of the key.
	KMSKeyID string `json:"kmsKeyID,omitempty"`
}

// defaultKey says whether the key is the one that each account has for what names none.
func (e Encryption) defaultKey() bool { return strings.HasSuffix(e.KMSKeyID, DefaultKey) }

// DefaultKey is the alias of that key.
const DefaultKey = "alias/aws/ebs"

// Attachment is an instance's hold on a volume.
type Attachment struct {
	Instance string    `json:"instance"`
	Device   string    `json:"device"`
	Time     time.Time `json:"time"`
}

// Modification is a change of a volume's performance, which takes no time.
type Modification struct {
	Time     time.Time   `json:"time"`
	Original Performance `json:"original"`
	// OriginalMultiAttach is whether several instances could hold it before.
	OriginalMultiAttach bool `json:"originalMultiAttach,omitempty"`
}

// VolumeRequest asks for a volume.
type VolumeRequest struct {
	// ID is made up when it is empty.
	ID   string `json:"id,omitempty"`
	Zone string `json:"zone"`
	// Performance has a size, unless there is a snapshot whose size will do, and a type, unless it is DefaultType.
	Performance
	Encryption
	SnapshotID  string `json:"snapshotID,omitempty"`
	MultiAttach bool   `json:"multiAttach,omitempty"`
	Tags        Tags   `json:"tags,omitempty"`
	// Data is written to the volume at once.
	Data []byte `json:"data,omitempty"`
	// Token makes the request one that can be repeated: there will be one volume.
	Token string `json:"token,omitempty"`
}

func (v *Volume) sequence() uint64 { return v.Sequence }
func (v *Volume) place() Place     { return v.Place }

// Status is available or in-use.
func (v *Volume) Status() string {
	if v.Attachment != nil {
		return "in-use"
	}
	return "available"
}

// Effective returns what the volume does, also by its type.
func (v *Volume) Effective() Performance { return v.withDefaults() }

// clientToken finds a volume by its request's token; EC2 has no such filter.
const clientToken = "\x00client-token"

func (v *Volume) attributes(time.Time) []Attribute {
	out := append(v.Tags.attributes(),
		Attribute{"volume-id", v.ID}, Attribute{"availability-zone", v.Zone}, Attribute{"status", v.Status()},
		Attribute{"snapshot-id", v.SnapshotID}, Attribute{"volume-type", v.Type}, Attribute{"size", strconv.Itoa(v.Size)},
		Attribute{"encrypted", strconv.FormatBool(v.Encrypted)}, Attribute{"multi-attach-enabled", strconv.FormatBool(v.MultiAttach)},
		Attribute{"create-time", Timestamp(v.Created)})
	if v.Attachment != nil {
		out = append(out, Attribute{"attachment.instance-id", v.Attachment.Instance}, Attribute{"attachment.device", v.Attachment.Device},
			Attribute{"attachment.status", "attached"})
	}
	if m := v.Modification; m != nil {
		after := v.Effective()
		out = append(out, Attribute{"modification-state", "completed"}, Attribute{"original-size", strconv.Itoa(m.Original.Size)},
			Attribute{"original-volume-type", m.Original.Type}, Attribute{"original-iops", strconv.Itoa(m.Original.IOPS)},
			Attribute{"target-size", strconv.Itoa(after.Size)}, Attribute{"target-volume-type", after.Type},
			Attribute{"target-iops", strconv.Itoa(after.IOPS)})
	}
	if v.Request != nil {
		out = append(out, Attribute{clientToken, v.Request.Token})
	}
	return out
}

// VolumeFilters are the names of the filters of volumes besides tag:KEY.
var VolumeFilters = []string{
	"volume-id", "availability-zone", "status", "snapshot-id", "volume-type", "size", "encrypted", "multi-attach-enabled",
	"create-time", "attachment.instance-id", "attachment.device", "attachment.status", "tag-key",
}

// ModificationFilters are the names of the filters of modifications besides tag:KEY.
var ModificationFilters = []string{
	"volume-id", "modification-state", "original-size", "original-volume-type", "original-iops", "target-size", "target-volume-type", "target-iops",
}

// Timestamp writes a time as EC2 does.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// CreateVolume creates a volume, from a snapshot where there is one. A request that has a token and was made before
// returns the volume that it made then.
func (s *Store) CreateVolume(place Place, r VolumeRequest) (*Volume, error) {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.at(place)
	if r.Token != "" {
		if made, _ := in.volumes.find(Query{Filters: []Filter{{clientToken, []string{r.Token}}}}); len(made) > 0 {
			if !reflect.DeepEqual(*made[0].Request, r) {
				return nil, refuse("IdempotentParameterMismatch",
					"The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical.")
			}
			return made[0], nil
		}
	}
	volume := &Volume{
		ID: r.ID, Place: place, Zone: r.Zone, Performance: r.Performance, Encryption: r.Encryption, SnapshotID: r.SnapshotID,
		MultiAttach: r.MultiAttach, Created: s.options.Now().UTC(), Tags: r.Tags, Content: content.Empty,
	}
	if r.Token != "" {
		volume.Request = &r
	}
	volume.Type = cmp.Or(volume.Type, DefaultType)
	if err := s.restore(volume); err != nil {
		return nil, err
	}
	if err := cmp.Or(volume.Validate(), volume.Tags.validate()); err != nil {
		return nil, err
	}
	if len(r.Data) > 0 {
		volume.Content = volume.Content.Written(r.Data)
	}
	id, sequence := s.nextID("vol-")
	volume.ID, volume.Sequence = cmp.Or(volume.ID, id), sequence
	return volume, s.create(s.volumes.Put(volume.ID, volume))
}

// restore gives a volume what it takes over from its snapshot.
func (s *Store) restore(volume *Volume) error {
	if volume.SnapshotID == "" {
		return nil
	}
	snapshot, err := s.readable(volume.Place, volume.SnapshotID)
	if err != nil {
		return err
	}
	if volume.Size = cmp.Or(volume.Size, snapshot.Size); volume.Size < snapshot.Size {
		return invalidValue("Volume of size %dGiB is smaller than snapshot '%s', expect size >= %dGiB", volume.Size, snapshot.ID, snapshot.Size)
	}
	if snapshot.Encrypted {
		volume.Encryption = Encryption{true, cmp.Or(volume.KMSKeyID, snapshot.KMSKeyID)}
	}
	volume.Content = snapshot.Content
	return nil
}

// Volumes returns the volumes that a query picks, oldest first, and whether there are more.
func (s *Store) Volumes(place Place, query Query) ([]*Volume, bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(query.IDs) > 0 {
		out, err := byIDs(query, func(id string) (*Volume, bool) {
			volume, err := s.volume(place, id)
			return volume, err == nil
		}, noSuchVolume)
		return out, false, err
	}
	out, more := s.look(place).volumes.find(query)
	return out, more, nil
}

// ChangeVolume replaces a volume by what change makes of it. An error of change leaves it as it is.
func (s *Store) ChangeVolume(place Place, id string, change func(*Volume) error) (*Volume, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	volume, err := s.volume(place, id)
	if err != nil {
		return nil, err
	}
	changed := *volume
	if err := change(&changed); err != nil {
		return nil, err
	}
	if err := cmp.Or(changed.Validate(), changed.Tags.validate()); err != nil {
		return nil, err
	}
	return &changed, s.file.Write(s.volumes.Put(id, &changed))
}

// Attach lets an instance hold a volume. The simulator has no instances: any id will do.
func (s *Store) Attach(place Place, id, instance, device string) (*Volume, error) {
	return s.ChangeVolume(place, id, func(v *Volume) error {
		if v.Attachment != nil {
			return refuse("VolumeInUse", "%s is already attached to an instance", id)
		}
		v.Attachment = &Attachment{instance, device, s.options.Now().UTC()}
		return nil
	})
}

// Detach ends an instance's hold on a volume, and returns what it was. An empty instance or device is any.
func (s *Store) Detach(place Place, id, instance, device string) (old Attachment, err error) {
	_, err = s.ChangeVolume(place, id, func(v *Volume) error {
		switch {
		case v.Attachment == nil:
			return refuse("IncorrectState", "Volume '%s' is in the 'available' state.", id)
		case instance != "" && instance != v.Attachment.Instance, device != "" && device != v.Attachment.Device:
			return refuse("InvalidAttachment.NotFound", "The volume '%s' is not attached to instance '%s' as device '%s'.",
				id, cmp.Or(instance, v.Attachment.Instance), cmp.Or(device, v.Attachment.Device))
		}
		old, v.Attachment = *v.Attachment, nil
		return nil
	})
	return old, err
}

// Write writes to a volume, also to one that nothing is attached to: its content becomes another.
func (s *Store) Write(place Place, id string, data []byte) (*Volume, error) {
	return s.ChangeVolume(place, id, func(v *Volume) error {
		v.Content = v.Content.Written(data)
		return nil
	})
}

// DeleteVolume deletes a volume that no instance holds. Its snapshots stay.
func (s *Store) DeleteVolume(place Place, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	volume, err := s.volume(place, id)
	if err != nil {
		return err
	}
	if volume.Attachment != nil {
		return refuse("VolumeInUse", "Volume %s is currently attached to %s", id, volume.Attachment.Instance)
	}
	return s.file.Write(s.volumes.Delete(id))
}

// FindVolume finds a volume wherever it is.
func (s *Store) FindVolume(id string) (*Volume, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if volume, found := s.volumes.Get(id); found {
		return volume, nil
	}
	return nil, noSuchVolume(id)
}

// volume finds a volume in a place, with s.mu held.
func (s *Store) volume(place Place, id string) (*Volume, error) {
	if volume, found := s.volumes.Get(id); found && volume.Place == place {
		return volume, nil
	}
	return nil, noSuchVolume(id)
}
