package ec2

import (
	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// attachment is how EC2 writes an attachment.
type attachment struct {
	VolumeID            string `xml:"volumeId"`
	InstanceID          string `xml:"instanceId"`
	Device              string `xml:"device"`
	Status              string `xml:"status"`
	AttachTime          string `xml:"attachTime"`
	DeleteOnTermination bool   `xml:"deleteOnTermination"`
}

func newAttachment(volumeID string, a ebs.Attachment, status string) attachment {
	return attachment{volumeID, a.Instance, a.Device, status, ebs.Timestamp(a.Time), false}
}

type attachmentInput struct {
	VolumeID   string `query:"VolumeId"`
	InstanceID string `query:"InstanceId"`
	Device     string
	Force      bool // there is nothing to force: an attachment ends at once
}

func (s *service) attachVolume(r *query.Request, in attachmentInput) (any, error) {
	if err := checkVolume(in.VolumeID); err != nil {
		return nil, err
	}
	if err := required("InstanceId", in.InstanceID, "Device", in.Device); err != nil {
		return nil, err
	}
	if err := instanceKind.check("instanceId", in.InstanceID); err != nil {
		return nil, err
	}
	attached, err := s.Store.Attach(place(r), in.VolumeID, in.InstanceID, in.Device)
	if err != nil {
		return nil, err
	}
	return newAttachment(in.VolumeID, *attached.Attachment, "attaching"), nil
}

func (s *service) detachVolume(r *query.Request, in attachmentInput) (any, error) {
	if err := checkVolume(in.VolumeID); err != nil {
		return nil, err
	}
	old, err := s.Store.Detach(place(r), in.VolumeID, in.InstanceID, in.Device)
	if err != nil {
		return nil, err
	}
	return newAttachment(in.VolumeID, old, "detaching"), nil
}
