package ec2

import (
	"maps"
	"slices"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// rootDevices are those that instances are booted from.
var rootDevices = []string{"/dev/xvda", "/dev/sda1"}

// instance is how EC2 writes an instance, as far as there are any here: one that runs, and what it holds.
type instance struct {
	ID    string `xml:"instanceId"`
	State struct {
		Code int    `xml:"code"`
		Name string `xml:"name"`
	} `xml:"instanceState"`
	Type           string           `xml:"instanceType"`
	Zone           string           `xml:"placement>availabilityZone"`
	RootDeviceType string           `xml:"rootDeviceType"`
	RootDeviceName string           `xml:"rootDeviceName"`
	Devices        set[blockDevice] `xml:"blockDeviceMapping"`
	Tags           set[tag]         `xml:"tagSet"`
}

type blockDevice struct {
	Name                string `xml:"deviceName"`
	VolumeID            string `xml:"ebs>volumeId"`
	Status              string `xml:"ebs>status"`
	AttachTime          string `xml:"ebs>attachTime"`
	DeleteOnTermination bool   `xml:"ebs>deleteOnTermination"`
}

type reservation struct {
	ID        string        `xml:"reservationId"`
	OwnerID   string        `xml:"ownerId"`
	Instances set[instance] `xml:"instancesSet"`
}

type describeInstancesInput struct {
	InstanceIDs []string `query:"InstanceId"`
	Filters     []filter `query:"Filter"`
	MaxResults  *int
	NextToken   string
}

type reservations struct {
	Reservations set[reservation] `xml:"reservationSet"`
	NextToken    string           `xml:"nextToken,omitempty"`
}

var instanceFilters = []string{
	"instance-id", "instance-state-name", "instance-type", "availability-zone",
	"block-device-mapping.volume-id", "block-device-mapping.device-name", "block-device-mapping.status",
}

// describeInstances finds the instances that hold volumes, and any by its id, since any can hold some.
func (s *service) describeInstances(r *query.Request, in describeInstancesInput) (any, error) {
	if err := instanceKind.check("instanceId", in.InstanceIDs...); err != nil {
		return nil, err
	}
	page, err := storeQuery(in.InstanceIDs, "instancesSet", in.Filters, instanceFilters, in.MaxResults, "")
	if err != nil {
		return nil, err
	}
	after, err := decodeToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	held, _, err := s.Store.Volumes(place(r), ebs.Query{Filters: []ebs.Filter{{Name: "attachment.status", Values: []string{"attached"}}}})
	if err != nil {
		return nil, err
	}
	found := map[string]*instance{}
	for _, id := range in.InstanceIDs {
		found[id] = newInstance(id, zonesOf(r.Call.Region)[0].Name)
	}
	for _, volume := range held {
		id := volume.Attachment.Instance
		if len(in.InstanceIDs) > 0 && found[id] == nil {
			continue
		}
		if found[id] == nil || len(found[id].Devices.Items) == 0 {
			found[id] = newInstance(id, volume.Zone)
		}
		found[id].Devices.Items = append(found[id].Devices.Items, blockDevice{volume.Attachment.Device, volume.ID, "attached", ebs.Timestamp(volume.Attachment.Time), false})
	}
	var out reservations
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if id <= after || slices.ContainsFunc(page.Filters, func(f ebs.Filter) bool { return !f.Matches(found[id].attributes()) }) {
			continue
		}
		if n := len(out.Reservations.Items); page.Limit > 0 && n == page.Limit {
			out.NextToken = nextToken(out.Reservations.Items[n-1].Instances.Items[0].ID)
			break
		}
		out.Reservations.Items = append(out.Reservations.Items, reservation{"r-" + id[len(instanceKind.prefix):], r.Call.Account, set[instance]{[]instance{*found[id]}}})
	}
	return out, nil
}

func newInstance(id, zone string) *instance {
	out := &instance{ID: id, Type: "m5.large", Zone: zone, RootDeviceType: "ebs", RootDeviceName: rootDevices[0]}
	out.State.Code, out.State.Name = 16, "running"
	return out
}

func (i *instance) attributes() []ebs.Attribute {
	out := []ebs.Attribute{
		{Name: "instance-id", Value: i.ID},
		{Name: "instance-state-name", Value: i.State.Name},
		{Name: "instance-type", Value: i.Type},
		{Name: "availability-zone", Value: i.Zone},
	}
	for _, device := range i.Devices.Items {
		out = append(out,
			ebs.Attribute{Name: "block-device-mapping.volume-id", Value: device.VolumeID},
			ebs.Attribute{Name: "block-device-mapping.device-name", Value: device.Name},
			ebs.Attribute{Name: "block-device-mapping.status", Value: device.Status})
	}
	return out
}
