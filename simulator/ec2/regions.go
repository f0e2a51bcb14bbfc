package ec2

import (
	"slices"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

type describeRegionsInput struct {
	Names   []string `query:"RegionName"`
	Filters []filter `query:"Filter"`
	All     bool     `query:"AllRegions"`
}

type region struct {
	Name        string `xml:"regionName"`
	Endpoint    string `xml:"regionEndpoint"`
	OptInStatus string `xml:"optInStatus"`
}

type regions struct {
	Regions set[region] `xml:"regionInfo"`
}

func (s *service) describeRegions(_ *query.Request, in describeRegionsInput) (any, error) {
	filters, err := storeFilters(in.Filters, []string{"region-name", "endpoint", "opt-in-status"})
	if err != nil {
		return nil, err
	}
	for _, name := range in.Names {
		if !slices.Contains(s.Regions, name) {
			return nil, refuse("InvalidParameterValue", "Invalid region name: '"+name+"'")
		}
	}
	var out regions
	for _, name := range s.Regions {
		one := region{name, "ec2." + name + ".amazonaws.com", "opt-in-not-required"}
		attributes := []ebs.Attribute{{Name: "region-name", Value: name}, {Name: "endpoint", Value: one.Endpoint}, {Name: "opt-in-status", Value: one.OptInStatus}}
		wanted := len(in.Names) == 0 || slices.Contains(in.Names, name)
		if wanted && !slices.ContainsFunc(filters, func(f ebs.Filter) bool { return !f.Matches(attributes) }) {
			out.Regions.Items = append(out.Regions.Items, one)
		}
	}
	return out, nil
}
