package ec2

import (
	"slices"
	"strconv"
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
	Tags        set[tag] `xml:"tagSet"`
}

func newSnapshot(s *ebs.Snapshot, now time.Time) snapshot {
	out := snapshot{
		s.ID, s.VolumeID, s.Status(), ebs.Timestamp(s.Started), "", s.Progress(now), s.Account, s.Size, s.Description,
		s.Encrypted, s.KMSKeyID, "standard", newTags(s.Tags),
	}
	if s.Completed {
		out.Completion = ebs.Timestamp(s.Completes)
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
	if !own(r, in.Owners) || !own(r, in.RestorableBy) {
		return snapshots{}, nil // nobody shares snapshots here
	}
	found, more, err := s.Store.Snapshots(place(r), wanted)
	if err != nil {
		return nil, err
	}
	out := snapshots{Snapshots: newSet(found, func(one *ebs.Snapshot) snapshot { return newSnapshot(one, r.Now) })}
	if more {
		out.NextToken = nextToken(strconv.FormatUint(found[len(found)-1].Sequence, 10), true)
	}
	return out, nil
}

// own says whether the signer is among owners, or there are none.
func own(r *query.Request, owners []string) bool {
	return len(owners) == 0 || slices.Contains(owners, "self") || slices.Contains(owners, r.Call.Account)
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
	if err := required("SnapshotId", in.SnapshotID); err != nil {
		return nil, err
	}
	if err := snapshotKind.check("snapshotId", in.SnapshotID); err != nil {
		return nil, err
	}
	return succeeded{true}, s.Store.DeleteSnapshot(place(r), in.SnapshotID)
}

type copySnapshotInput struct {
	SourceRegion     string
	SourceSnapshotID string `query:"SourceSnapshotId"`
	Description      string
	Encrypted        bool
	KMSKeyID         string             `query:"KmsKeyId"`
	Tags             []tagSpecification `query:"TagSpecification"`
	// The region of the endpoint is the destination, and the source is of the same account: neither is needed.
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
