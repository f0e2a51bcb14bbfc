package ec2

import (
	"slices"
	"time"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// snapshot is how EC2 writes a snapshot.
type snapshot struct {
	SnapshotID  string   `xml:"snapshotId"`
	VolumeID    string   `xml:"volumeId"`
	Status      string   `xml:"status"`
	StartTime   string   `xml:"startTime"`
	Completion  string   `xml:"completionTime,omitempty"`
	Progress    string   `xml:"progress"`
	OwnerID     string   `xml:"ownerId"`
	VolumeSize  int      `xml:"volumeSize"`
	Description string   `xml:"description"`
	Encrypted   bool     `xml:"encrypted"`
	KMSKeyID    string   `xml:"kmsKeyId,omitempty"`
	StorageTier string   `xml:"storageTier"`
	Restored    string   `xml:"restoreExpiryTime,omitempty"`
	Tags        set[tag] `xml:"tagSet"`
}

func newSnapshot(s *ebs.Snapshot, now time.Time) snapshot {
	out := snapshot{
		s.ID, s.VolumeID, s.Status(), ebs.Timestamp(s.Started), "", s.Progress(now), s.Account, s.Size, s.Description,
		s.Encrypted, s.KMSKeyID, s.Tier(), "", newTags(s.Tags),
	}
	if s.Completed {
		out.Completion = ebs.Timestamp(s.Completes)
	}
	if s.Tiering != nil {
		out.Restored = optionalTime(s.Tiering.RestoredUntil)
	}
	return out
}

type describeSnapshotsInput struct {
	SnapshotIDs  []string `query:"SnapshotId"`
	Owners       []string `query:"Owner"`
	RestorableBy []string
	Filters      []filter `query:"Filter"`
	MaxResults   *int
	NextToken    string
}

type snapshots struct {
	Snapshots set[snapshot] `xml:"snapshotSet"`
	NextToken string        `xml:"nextToken,omitempty"`
}

func (s *service) describeSnapshots(r *query.Request, in describeSnapshotsInput) (any, error) {
	if err := snapshotKind.check("snapshotId", in.SnapshotIDs...); err != nil {
		return nil, err
	}
	wanted, err := storeQuery(in.SnapshotIDs, "snapshotSet", in.Filters, ebs.SnapshotFilters, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	for name, of := range map[string][]string{"owner-id": in.Owners, ebs.RestorableBy: in.RestorableBy} {
		if len(of) > 0 {
			accounts, err := resolveAccounts(r, of)
			if err != nil {
				return nil, err
			}
			wanted.Filters = append(wanted.Filters, ebs.Filter{Name: name, Values: accounts})
		}
	}
	found, next, err := findSnapshots(r, wanted, s.Store.Snapshots)
	if err != nil {
		return nil, err
	}
	return snapshots{newSet(found, func(one *ebs.Snapshot) snapshot { return newSnapshot(one, r.Now) }), next}, nil
}

// findSnapshots returns a page of the snapshots that are wanted of those that find looks at, and the token of the next page.
func findSnapshots(
	r *query.Request, wanted ebs.Query, find func(ebs.Place, ebs.Query) ([]*ebs.Snapshot, bool, error),
) ([]*ebs.Snapshot, string, error) {
	found, more, err := find(place(r), wanted)
	if err != nil || !more {
		return found, "", err
	}
	return found, tokenAfter(found[len(found)-1].Sequence), nil
}

// ownedBy leaves what others share with the signer out.
func ownedBy(r *query.Request) ebs.Filter {
	return ebs.Filter{Name: "owner-id", Values: []string{r.Call.Account}}
}

// optionalTime writes a time, or nothing where there is none.
func optionalTime(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return ebs.Timestamp(at)
}

// resolveAccounts returns the ids of accounts, one of which may be called self; amazon and the like own nothing here.
func resolveAccounts(r *query.Request, named []string) ([]string, error) {
	var out []string
	for _, name := range named {
		switch {
		case name == "self":
			name = r.Call.Account
		case !slices.Contains([]string{ebs.Everybody, "amazon", "aws-marketplace"}, name) && !isAccount(name):
			return nil, refuse("InvalidUserID.Malformed", "Invalid user id: \""+name+"\"")
		}
		out = append(out, name)
	}
	return out, nil
}

type createSnapshotInput struct {
	VolumeID          string `query:"VolumeId"`
	Description       string
	TagSpecifications []tagSpecification `query:"TagSpecification"`
}

func (s *service) createSnapshot(r *query.Request, in createSnapshotInput) (any, error) {
	if err := checkVolume(in.VolumeID); err != nil {
		return nil, err
	}
	tags, err := specifiedTags(r, in.TagSpecifications, "snapshot")
	if err != nil {
		return nil, err
	}
	made, err := s.Store.CreateSnapshot(place(r), in.VolumeID, ebs.SnapshotRequest{Description: in.Description, Tags: tags})
	if err != nil {
		return nil, err
	}
	out := newSnapshot(made, r.Now)
	out.Status, out.Completion, out.Progress = "pending", "", "" // as EC2 says at this moment, however fast it is
	return out, nil
}

type snapshotInput struct {
	SnapshotID string `query:"SnapshotId"`
}

func (s *service) deleteSnapshot(r *query.Request, in snapshotInput) (any, error) {
	if err := checkSnapshot(in.SnapshotID); err != nil {
		return nil, err
	}
	return succeeded{true}, s.Store.DeleteSnapshot(place(r), in.SnapshotID)
}

func checkSnapshot(id string) error {
	if err := required("SnapshotId", id); err != nil {
		return err
	}
	return snapshotKind.check("snapshotId", id)
}

type copySnapshotInput struct {
	SourceRegion     string
	SourceSnapshotID string `query:"SourceSnapshotId"`
	Description      string
	Encrypted        bool
	KMSKeyID         string             `query:"KmsKeyId"`
	Tags             []tagSpecification `query:"TagSpecification"`
	// The region of the endpoint is the destination, and what the account sees of the source needs no URL: neither is needed.
	DestinationRegion string
	PresignedURL      string `query:"PresignedUrl"`
}

type copySnapshotOutput struct {
	SnapshotID string   `xml:"snapshotId"`
	Tags       set[tag] `xml:"tagSet"`
}

func (s *service) copySnapshot(r *query.Request, in copySnapshotInput) (any, error) {
	if err := required("SourceRegion", in.SourceRegion, "SourceSnapshotId", in.SourceSnapshotID); err != nil {
		return nil, err
	}
	if !slices.Contains(s.Regions, in.SourceRegion) {
		return nil, refuse("InvalidParameterValue", "Invalid region: "+in.SourceRegion)
	}
	if err := snapshotKind.check("sourceSnapshotId", in.SourceSnapshotID); err != nil {
		return nil, err
	}
	encryption, err := encryption(r, in.Encrypted, in.KMSKeyID)
	if err != nil {
		return nil, err
	}
	tags, err := specifiedTags(r, in.Tags, "snapshot")
	if err != nil {
		return nil, err
	}
	made, err := s.Store.CopySnapshot(place(r), in.SourceRegion, in.SourceSnapshotID, encryption, ebs.SnapshotRequest{Description: in.Description, Tags: tags})
	if err != nil {
		return nil, err
	}
	return copySnapshotOutput{made.ID, newTags(made.Tags)}, nil
}
