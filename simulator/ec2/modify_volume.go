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
	VolumeID            string `xml:"volumeId"`
	State               string `xml:"modificationState"`
	TargetSize          int    `xml:"targetSize"`
	TargetType          string `xml:"targetVolumeType"`
	TargetIOPS          int    `xml:"targetIops,omitempty"`
	TargetThroughput    int    `xml:"targetThroughput,omitempty"`
	TargetMultiAttach   bool   `xml:"targetMultiAttachEnabled"`
	OriginalSize        int    `xml:"originalSize"`
	OriginalType        string `xml:"originalVolumeType"`
	OriginalIOPS        int    `xml:"originalIops,omitempty"`
	OriginalThroughput  int    `xml:"originalThroughput,omitempty"`
	OriginalMultiAttach bool   `xml:"originalMultiAttachEnabled"`
	Progress            int    `xml:"progress"`
	StartTime           string `xml:"startTime"`
	EndTime             string `xml:"endTime,omitempty"`
}

// modifyVolume modifies a volume at once, though its answer says that it begins to, as EC2's does.
func (s *service) modifyVolume(r *query.Request, in modifyVolumeInput) (any, error) {
	if err := checkVolume(in.VolumeID); err != nil {
		return nil, err
	}
	changed, err := s.Store.ChangeVolume(place(r), in.VolumeID, func(v *ebs.Volume) error {
		v.Modification = &ebs.Modification{Time: r.Now.UTC(), Original: v.Effective(), OriginalMultiAttach: v.MultiAttach}
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
	out := newModification(changed)
	out.State, out.Progress, out.EndTime = "modifying", 0, ""
	return modifyVolumeOutput{out}, nil
}

type modifications struct {
	Modifications set[modification] `xml:"volumeModificationSet"`
	NextToken     string            `xml:"nextToken,omitempty"`
}

// describeVolumesModifications finds the last modification of each volume that was modified.
func (s *service) describeVolumesModifications(r *query.Request, in describeVolumesInput) (any, error) {
	if err := volumeKind.check("volumeId", in.VolumeIDs...); err != nil {
		return nil, err
	}
	wanted, err := storeQuery(in.VolumeIDs, "volumeSet", in.Filters, ebs.ModificationFilters, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	if len(in.VolumeIDs) == 0 {
		wanted.Filters = append(wanted.Filters, ebs.Filter{Name: "modification-state", Values: []string{"*"}})
	}
	found, next, err := s.findVolumes(r, wanted)
	if err != nil {
		return nil, err
	}
	for _, volume := range found {
		if volume.Modification == nil {
			return nil, refuse("InvalidVolumeModification.NotFound", "Modification for volume '"+volume.ID+"' does not exist.")
		}
	}
	return modifications{newSet(found, newModification), next}, nil
}

func newModification(v *ebs.Volume) modification {
	before, after, at := v.Modification.Original, v.Effective(), ebs.Timestamp(v.Modification.Time)
	return modification{
		v.ID, "completed", after.Size, after.Type, after.IOPS, after.Throughput, v.MultiAttach,
		before.Size, before.Type, before.IOPS, before.Throughput, v.Modification.OriginalMultiAttach, 100, at, at,
	}
}
