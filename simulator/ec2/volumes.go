package ec2

import (
	"cmp"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// volume is how EC2 writes a volume.
type volume struct {
	VolumeID    string          `xml:"volumeId"`
	Size        int             `xml:"size"`
	SnapshotID  string          `xml:"snapshotId"`
	Zone        string          `xml:"availabilityZone"`
	ZoneID      string          `xml:"availabilityZoneId"`
	Status      string          `xml:"status"`
	CreateTime  string          `xml:"createTime"`
	Attachments set[attachment] `xml:"attachmentSet"`
	Tags        set[tag]        `xml:"tagSet"`
	VolumeType  string          `xml:"volumeType"`
	IOPS        int             `xml:"iops,omitempty"`
	Throughput  int             `xml:"throughput,omitempty"`
	Encrypted   bool            `xml:"encrypted"`
	KMSKeyID    string          `xml:"kmsKeyId,omitempty"`
	MultiAttach bool            `xml:"multiAttachEnabled"`
}

func newVolume(v *ebs.Volume) volume {
	does := v.Effective()
	out := volume{
		v.ID, v.Size, v.SnapshotID, v.Zone, zoneNamed(v.Region, v.Zone).ID, v.Status(), ebs.Timestamp(v.Created),
		set[attachment]{},
		newTags(v.Tags),
		v.Type, does.IOPS, does.Throughput, v.Encrypted, v.KMSKeyID, v.MultiAttach,
	}
	if v.Attachment != nil {
		out.Attachments.Items = []attachment{newAttachment(v.ID, *v.Attachment, "attached")}
	}
	return out
}

type describeVolumesInput struct {
	VolumeIDs  []string `query:"VolumeId"`
	Filters    []filter `query:"Filter"`
	MaxResults *int
	NextToken  string
}

type volumes struct {
	Volumes   set[volume] `xml:"volumeSet"`
	NextToken string      `xml:"nextToken,omitempty"`
}

func (s *service) describeVolumes(r *query.Request, in describeVolumesInput) (any, error) {
	if err := volumeKind.check("volumes", in.VolumeIDs...); err != nil {
		return nil, err
	}
	wanted, err := storeQuery(in.VolumeIDs, "volumeSet", in.Filters, ebs.VolumeFilters, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	found, next, err := s.findVolumes(r, wanted)
	if err != nil {
		return nil, err
	}
	return volumes{newSet(found, newVolume), next}, nil
}

// findVolumes returns a page of the volumes that are wanted, and the token of the next page.
func (s *service) findVolumes(r *query.Request, wanted ebs.Query) ([]*ebs.Volume, string, error) {
	found, more, err := s.Store.Volumes(place(r), wanted)
	if err != nil || !more {
		return found, "", err
	}
	return found, tokenAfter(found[len(found)-1].Sequence), nil
}

type createVolumeInput struct {
	AvailabilityZone   string
	AvailabilityZoneID string `query:"AvailabilityZoneId"`
	Size               int
	SnapshotID         string `query:"SnapshotId"`
	VolumeType         string
	IOPS               int `query:"Iops"`
	Throughput         int
	Encrypted          bool
	KMSKeyID           string `query:"KmsKeyId"`
	MultiAttachEnabled bool
	TagSpecifications  []tagSpecification `query:"TagSpecification"`
	ClientToken        string
}

func (s *service) createVolume(r *query.Request, in createVolumeInput) (any, error) {
	at, err := findZone(r.Call.Region, in.AvailabilityZone, in.AvailabilityZoneID)
	if err != nil {
		return nil, err
	}
	if in.SnapshotID != "" {
		if err := snapshotKind.check("snapshotId", in.SnapshotID); err != nil {
			return nil, err
		}
	} else if in.Size == 0 {
		return nil, missing("size/snapshot")
	}
	encryption, err := encryption(r, in.Encrypted, in.KMSKeyID)
	if err != nil {
		return nil, err
	}
	tags, err := specifiedTags(r, in.TagSpecifications, "volume")
	if err != nil {
		return nil, err
	}
	made, err := s.Store.CreateVolume(place(r), ebs.VolumeRequest{
		Zone: at.Name, Performance: ebs.Performance{Size: in.Size, Type: in.VolumeType, IOPS: in.IOPS, Throughput: in.Throughput},
		Encryption: encryption, SnapshotID: in.SnapshotID, MultiAttach: in.MultiAttachEnabled, Tags: tags, Token: in.ClientToken,
	})
	if err != nil {
		return nil, err
	}
	out := newVolume(made)
	out.Status = "creating" // as EC2 says, though it is available by now
	return out, nil
}

// encryption returns the one that a request asks for, by the account's own key when it names none.
func encryption(r *query.Request, encrypted bool, key string) (ebs.Encryption, error) {
	if key != "" && !encrypted {
		return ebs.Encryption{}, refuse("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted to be set.")
	}
	if !encrypted {
		return ebs.Encryption{}, nil
	}
	return ebs.Encryption{Encrypted: true, KMSKeyID: keyARN(r, cmp.Or(key, ebs.DefaultKey))}, nil
}

type volumeInput struct {
	VolumeID string `query:"VolumeId"`
}

func (s *service) deleteVolume(r *query.Request, in volumeInput) (any, error) {
	if err := checkVolume(in.VolumeID); err != nil {
		return nil, err
	}
	return succeeded{true}, s.Store.DeleteVolume(place(r), in.VolumeID)
}

func checkVolume(id string) error {
	if err := required("VolumeId", id); err != nil {
		return err
	}
	return volumeKind.check("volumeId", id)
}
