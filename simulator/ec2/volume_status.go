package ec2

import (
	"slices"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

type volumeStatus struct {
	VolumeID string               `xml:"volumeId"`
	Zone     string               `xml:"availabilityZone"`
	Status   string               `xml:"volumeStatus>status"`
	Details  []volumeStatusDetail `xml:"volumeStatus>details>item"`
}

type volumeStatusDetail struct {
	Name   string `xml:"name"`
	Status string `xml:"status"`
}

// Volumes are well here; a fault can say otherwise of requests.
var (
	healthy        = "ok"
	healthyDetails = []volumeStatusDetail{{"io-enabled", "passed"}, {"io-performance", "not-applicable"}}
)

type volumeStatuses struct {
	Statuses  set[volumeStatus] `xml:"volumeStatusSet"`
	NextToken string            `xml:"nextToken,omitempty"`
}

func (s *service) describeVolumeStatus(r *query.Request, in describeVolumesInput) (any, error) {
	if err := volumeKind.check("volumes", in.VolumeIDs...); err != nil {
		return nil, err
	}
	attributes := []ebs.Attribute{{Name: "volume-status.status", Value: healthy}}
	for _, detail := range healthyDetails {
		attributes = append(attributes, ebs.Attribute{Name: "volume-status.details-name", Value: detail.Name},
			ebs.Attribute{Name: "volume-status.details-status", Value: detail.Status})
	}
	known := []string{"availability-zone", "volume-status.status", "volume-status.details-name", "volume-status.details-status"}
	wanted, err := storeQuery(in.VolumeIDs, "volumeSet", in.Filters, known, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	ofStatus := func(f ebs.Filter) bool { return slices.Contains(known[1:], f.Name) }
	if slices.ContainsFunc(wanted.Filters, func(f ebs.Filter) bool { return ofStatus(f) && !f.Matches(attributes) }) {
		return volumeStatuses{}, nil
	}
	wanted.Filters = slices.DeleteFunc(wanted.Filters, ofStatus)
	found, next, err := s.findVolumes(r, wanted)
	if err != nil {
		return nil, err
	}
	return volumeStatuses{newSet(found, func(v *ebs.Volume) volumeStatus { return volumeStatus{v.ID, v.Zone, healthy, healthyDetails} }), next}, nil
}
