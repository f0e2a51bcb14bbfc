package ec2

import (
	"slices"
	"strings"

	"github.com/velero-locations/velero-locations/simulator/aws/query"
	"github.com/velero-locations/velero-locations/simulator/ec2/ebs"
)

// zone is an availability zone, as EC2 writes it.
type zone struct {
	Name        string `xml:"zoneName"`
	State       string `xml:"zoneState"`
	Region      string `xml:"regionName"`
	ID          string `xml:"zoneId"`
	Group       string `xml:"groupName"`
	Border      string `xml:"networkBorderGroup"`
	Type        string `xml:"zoneType"`
	OptInStatus string `xml:"optInStatus"`
}

// Zones returns the names of a region's availability zones: there are three in each, a to c.
func Zones(region string) []string {
	var out []string
	for _, z := range zonesOf(region) {
		out = append(out, z.Name)
	}
	return out
}

// RegionOf returns the one of some regions that has a zone, or nothing.
func RegionOf(zone string, regions []string) string {
	for _, region := range regions {
		if slices.Contains(Zones(region), zone) {
			return region
		}
	}
	return ""
}

func zonesOf(region string) []zone {
	var out []zone
	for i, letter := range []string{"a", "b", "c"} {
		id := shortName(region) + "-az" + string(rune('1'+i))
		out = append(out, zone{region + letter, "available", region, id, region, region, "availability-zone", "opt-in-not-required"})
	}
	return out
}

// shortName abbreviates a region as the ids of its zones do: use1 for us-east-1, apse2 for ap-southeast-2.
func shortName(region string) string {
	parts := strings.Split(region, "-")
	for i, part := range parts[1:] {
		for _, direction := range []string{"north", "south"} {
			if rest, found := strings.CutPrefix(part, direction); found && rest != "" {
				part = direction[:1] + rest[:1]
			}
		}
		if len(part) > 2 {
			part = part[:1]
		}
		parts[i+1] = part
	}
	return strings.Join(parts, "")
}

func zoneNamed(region, name string) zone {
	for _, z := range zonesOf(region) {
		if z.Name == name {
			return z
		}
	}
	return zone{}
}

// findZone returns a zone of the region by its name or its id. One of another region is not there.
func findZone(region, name, id string) (zone, error) {
	if name == "" && id == "" {
		return zone{}, missing("AvailabilityZone")
	}
	for _, z := range zonesOf(region) {
		if (name == "" || name == z.Name) && (id == "" || id == z.ID) {
			return z, nil
		}
	}
	return zone{}, noSuchZone(name + id)
}

func noSuchZone(name string) error {
	return refuse("InvalidZone.NotFound", "The zone '"+name+"' does not exist.")
}

type describeZonesInput struct {
	Names   []string `query:"ZoneName"`
	IDs     []string `query:"ZoneId"`
	Filters []filter `query:"Filter"`
	All     bool     `query:"AllAvailabilityZones"`
}

type zones struct {
	Zones set[zone] `xml:"availabilityZoneInfo"`
}

func (s *service) describeAvailabilityZones(r *query.Request, in describeZonesInput) (any, error) {
	filters, err := storeFilters(in.Filters, []string{"zone-name", "zone-id", "zone-type", "state", "region-name", "group-name", "opt-in-status"})
	if err != nil {
		return nil, err
	}
	all := zonesOf(r.Call.Region)
	for _, name := range slices.Concat(in.Names, in.IDs) {
		if !slices.ContainsFunc(all, func(z zone) bool { return name == z.Name || name == z.ID }) {
			return nil, noSuchZone(name)
		}
	}
	return zones{set[zone]{slices.DeleteFunc(all, func(z zone) bool {
		return len(in.Names) > 0 && !slices.Contains(in.Names, z.Name) || len(in.IDs) > 0 && !slices.Contains(in.IDs, z.ID) ||
			slices.ContainsFunc(filters, func(f ebs.Filter) bool { return !f.Matches(z.attributes()) })
	})}}, nil
}

func (z zone) attributes() []ebs.Attribute {
	return []ebs.Attribute{
		{Name: "zone-name", Value: z.Name},
		{Name: "zone-id", Value: z.ID},
		{Name: "zone-type", Value: z.Type},
		{Name: "state", Value: z.State},
		{Name: "region-name", Value: z.Region},
		{Name: "group-name", Value: z.Group},
		{Name: "opt-in-status", Value: z.OptInStatus},
	}
}
