package ec2

import (
	"cmp"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

type modifyVolumeInput struct {
	VolumeID           string `query:"VolumeId"`
	Size               int
	VolumeType         string
	IOPS               int `query:"Iops"`
	Throughput         int
	MultiAttachEnabled *bool
}

type modifyVolumeOutput struct {
	Modification modification `xml:"volumeModification"`
}

type modification struct {
	VolumeID           string `xml:"volumeId"`
	State              string `xml:"modificationState"`
	TargetSize         int    `xml:"targetSize"`
	TargetType         string `xml:"targetVolumeType"`
	TargetIOPS         int    `xml:"targetIops,omitempty"`
	TargetThroughput   int    `xml:"targetThroughput,omitempty"`
	OriginalSize       int    `xml:"originalSize"`
	OriginalType       string `xml:"originalVolumeType"`
	OriginalIOPS       int    `xml:"originalIops,omitempty"`
	OriginalThroughput int    `xml:"originalThroughput,omitempty"`
	Progress           int    `xml:"progress"`
	StartTime          string `xml:"startTime"`
}

// modifyVolume modifies a volume at once, though its answer says that it begins to, as EC2's does.
func (s *service) modifyVolume(r *query.Request, in modifyVolumeInput) (any, error) {
	if err := checkVolume(in.VolumeID); err != nil {
		return nil, err
	}
	var before ebs.Performance
	changed, err := s.Store.ChangeVolume(place(r), in.VolumeID, func(v *ebs.Volume) error {
		before = v.Effective()
		if in.Size != 0 && in.Size < v.Size {
			return refuse("InvalidParameterValue", "New size cannot be smaller than existing size")
		}
		target := ebs.Performance{Size: cmp.Or(in.Size, v.Size), Type: cmp.Or(in.VolumeType, v.Type), IOPS: in.IOPS, Throughput: in.Throughput}
		if target.Type == v.Type {
			target.IOPS, target.Throughput = cmp.Or(in.IOPS, v.IOPS), cmp.Or(in.Throughput, v.Throughput)
		}
		v.Performance = target
		if in.MultiAttachEnabled != nil {
			v.MultiAttach = *in.MultiAttachEnabled
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	after := changed.Effective()
	return modifyVolumeOutput{modification{
		in.VolumeID, "modifying", after.Size, after.Type, after.IOPS, after.Throughput,
		before.Size, before.Type, before.IOPS, before.Throughput, 0, ebs.Timestamp(r.Now),
	}}, nil
}
