package ec2

import (
	"slices"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

type createSnapshotsInput struct {
	Instance struct {
		ID                   string   `query:"InstanceId"`
		ExcludeBootVolume    bool     // by its device, see rootDevices
		ExcludeDataVolumeIDs []string `query:"ExcludeDataVolumeId"`
	} `query:"InstanceSpecification"`
	Description        string
	TagSpecifications  []tagSpecification `query:"TagSpecification"`
	CopyTagsFromSource string
}

// begunSnapshot is how EC2 writes one of the snapshots that it begins together.
type begunSnapshot struct {
	SnapshotID  string   `xml:"snapshotId"`
	VolumeID    string   `xml:"volumeId"`
	State       string   `xml:"state"`
	StartTime   string   `xml:"startTime"`
	Progress    string   `xml:"progress"`
	OwnerID     string   `xml:"ownerId"`
	VolumeSize  int      `xml:"volumeSize"`
	Description string   `xml:"description"`
	Encrypted   bool     `xml:"encrypted"`
	Tags        set[tag] `xml:"tagSet"`
}

type begunSnapshots struct {
	Snapshots set[begunSnapshot] `xml:"snapshotSet"`
}

// createSnapshots begins snapshots of the volumes of an instance, of one moment.
func (s *service) createSnapshots(r *query.Request, in createSnapshotsInput) (any, error) {
	if err := required("InstanceSpecification.InstanceId", in.Instance.ID); err != nil {
		return nil, err
	}
	if err := instanceKind.check("instanceId", in.Instance.ID); err != nil {
		return nil, err
	}
	if err := volumeKind.check("excludeDataVolumeId", in.Instance.ExcludeDataVolumeIDs...); err != nil {
		return nil, err
	}
	if in.CopyTagsFromSource != "" && in.CopyTagsFromSource != "volume" {
		return nil, invalidChoice("copyTagsFromSource", in.CopyTagsFromSource, "volume")
	}
	tags, err := specifiedTags(r, in.TagSpecifications, "snapshot")
	if err != nil {
		return nil, err
	}
	made, err := s.Store.CreateSnapshots(place(r), in.Instance.ID, func(v *ebs.Volume) (ebs.SnapshotRequest, bool) {
		request := ebs.SnapshotRequest{Description: in.Description, Tags: tags}
		if in.CopyTagsFromSource != "" {
			request.Tags = v.Tags.With(tags)
		}
		excluded := in.Instance.ExcludeBootVolume && slices.Contains(rootDevices, v.Attachment.Device) ||
			slices.Contains(in.Instance.ExcludeDataVolumeIDs, v.ID)
		return request, !excluded
	})
	if err != nil {
		return nil, err
	}
	return begunSnapshots{newSet(made, func(one *ebs.Snapshot) begunSnapshot {
		return begunSnapshot{
			one.ID, one.VolumeID, "pending", ebs.Timestamp(one.Started), "", one.Account, one.Size, one.Description, one.Encrypted, newTags(one.Tags),
		}
	})}, nil
}
